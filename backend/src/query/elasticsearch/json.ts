/**
 * Reading the members of a request. `what` names the place for the error, such as `[match] query`.
 * Integers that a double cannot hold arrive as bigint.
 */

import { illegalArgument, parsingError } from "../../core/elasticsearch.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

const described = (value: unknown): string => (Array.isArray(value) ? "an array" : value === null ? "null" : typeof value === "object" ? "an object" : `${typeof value} ${JSON.stringify(typeof value === "bigint" ? String(value) : value)?.slice(0, 100)}`);

export const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

export const asObject = (value: unknown, what: string): JsonObject => {
  if (!isObject(value)) throw parsingError(`${what} must be an object, not ${described(value)}`);
  return value;
};

export const asArray = (value: unknown, what: string): readonly unknown[] => {
  if (!Array.isArray(value)) throw parsingError(`${what} must be an array, not ${described(value)}`);
  return value;
};

/** One thing where several may stand. */
export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** The only member of an object. */
export const onlyMember = (value: unknown, what: string): readonly [name: string, value: unknown] => {
  const entries = Object.entries(asObject(value, what));
  if (entries.length !== 1) throw parsingError(`${what} must have exactly one member, not ${entries.length}`);
  return entries[0]!;
};

/** Text; numbers and booleans as they are written. */
export const asText = (value: unknown, what: string): string => {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean" && typeof value !== "bigint") throw parsingError(`${what} must be text, not ${described(value)}`);
  return String(value);
};

export const asNumber = (value: unknown, what: string): number => {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : typeof value === "bigint" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw parsingError(`${what} must be a number, not ${described(value)}`);
  return number;
};

export const asInteger = (value: unknown, what: string, least: number, most: number): number => {
  const number = asNumber(value, what);
  if (!Number.isInteger(number) || number < least || number > most) throw illegalArgument(`${what} must be a whole number from ${least} to ${most}, not ${number}`);
  return number;
};

export const asBoolean = (value: unknown, what: string): boolean => {
  if (value === true || value === "true" || value === "") return true;
  if (value === false || value === "false") return false;
  throw parsingError(`${what} must be true or false, not ${described(value)}`);
};

export const oneOf = <T extends string>(value: unknown, what: string, names: readonly T[]): T => {
  const name = names.find((candidate) => candidate === String(value).toLowerCase());
  if (name === undefined) throw illegalArgument(`${what} must be one of ${names.join(", ")}, not ${described(value)}`);
  return name;
};

/** Throws for a member that `known` does not name. */
export const refuseUnknown = (object: JsonObject, what: string, known: readonly string[]): void => {
  for (const name of Object.keys(object)) if (!known.includes(name)) throw parsingError(`${what} does not support [${name}]; it takes ${known.join(", ")}`);
};
