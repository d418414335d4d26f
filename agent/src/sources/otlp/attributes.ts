/** Attributes and bodies: values of any kind to text, nested ones to dotted names. */

import { childOf, childrenOf, field, listOf, isMessage, textOf, toBigInt, toNumber } from "./read.ts";
import type { Message } from "./messages.ts";

/** Deeper values are kept as JSON. */
const MAX_DEPTH = 16;

/** An AnyValue as JSON would have it; 64-bit numbers as text where they do not fit into a number. */
const plain = (value: Message): unknown => {
  for (const name of ["stringValue", "boolValue"]) if (field(value, name) !== undefined) return field(value, name);
  const integer = field(value, "intValue");
  if (integer !== undefined) {
    const exact = toBigInt(integer);
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : String(exact);
  }
  const double = field(value, "doubleValue");
  if (double !== undefined) {
    const number = toNumber(double);
    return Number.isFinite(number) ? number : String(number);
  }
  const bytes = field(value, "bytesValue");
  if (bytes !== undefined) return bytes instanceof Uint8Array ? Buffer.from(bytes).toString("base64") : String(bytes);
  const array = childOf(value, "arrayValue");
  if (array) return listOf(array, "values").map((one) => (isMessage(one) ? plain(one) : null));
  const map = childOf(value, "kvlistValue");
  if (map) return Object.fromEntries(childrenOf(map, "values").map((pair) => [textOf(pair, "key"), plain(childOf(pair, "value") ?? {})]));
  return null;
};

/** Text of a value: itself when it is text, else JSON; "" of an empty one. */
export const textOfValue = (value: Message | undefined): string => {
  const content = value && plain(value);
  if (content === undefined || content === null) return "";
  return typeof content === "string" ? content : JSON.stringify(content);
};

/** `key` and `value` of each, under the name that its path has; later ones win. */
export const flatten = (pairs: readonly Message[], into: Map<string, string>, prefix = "", depth = 0): Map<string, string> => {
  for (const pair of pairs) {
    const name = prefix + textOf(pair, "key");
    const value = childOf(pair, "value");
    const map = value && depth < MAX_DEPTH ? childOf(value, "kvlistValue") : undefined;
    if (map) flatten(childrenOf(map, "values"), into, `${name}.`, depth + 1);
    else into.set(name, textOfValue(value));
  }
  return into;
};

/** What identifies the sender, taken out of the attributes of its resource. */
export interface ResourceOf {
  readonly service: string;
  readonly host: string;
  readonly environment: string;
  /** The others. */
  readonly attributes: Map<string, string>;
}

export const readResource = (owner: Message): ResourceOf => {
  const resource = childOf(owner, "resource");
  const attributes = flatten(resource ? childrenOf(resource, "attributes") : [], new Map());
  const take = (...names: readonly string[]): string => {
    for (const name of names) {
      const value = attributes.get(name);
      if (value === undefined || value === "") continue;
      attributes.delete(name);
      return value;
    }
    return "";
  };
  return { service: take("service.name"), host: take("host.name"), environment: take("deployment.environment.name", "deployment.environment"), attributes };
};
