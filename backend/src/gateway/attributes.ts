/**
 * Nested JSON to flat attributes: keys are dotted paths, values text; strings as they are, numbers
 * and booleans as written, arrays as JSON, null and empty objects left out.
 */

import { RefusedItem } from "./item-errors.ts";

/** More than any log line needs; a bound on what one item may make the store index. */
const MAX_ATTRIBUTES = 256;
const MAX_KEY_LENGTH = 512;
/** The pipeline's bound on one record, which is also that of a line in a file. */
const MAX_ITEM_BYTES = 1024 * 1024;
/** Deeper objects are kept as JSON text. */
const MAX_DEPTH = 16;

/** In Node 24, not yet in TypeScript's library. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** Integers beyond 2^53 are bigints here, and JSON.stringify knows none. */
const asJson = (value: object): string => {
  try {
    return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? rawJSON(String(inner)) : inner));
  } catch (cause) {
    if (cause instanceof RangeError) throw new RefusedItem("invalid_item", "a field is nested too deeply");
    throw cause;
  }
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Adds `value` under `path`. Throws RefusedItem when there are too many attributes or a key is too long. */
export const addAttribute = (attributes: Record<string, string>, path: string, value: unknown, depth = 0): void => {
  if (value === null || value === undefined) return;
  if (isObject(value) && depth < MAX_DEPTH) {
    for (const [key, inner] of Object.entries(value)) addAttribute(attributes, path === "" ? key : `${path}.${key}`, inner, depth + 1);
    return;
  }
  if (path.length > MAX_KEY_LENGTH) throw new RefusedItem("invalid_item", `an attribute's name is longer than ${MAX_KEY_LENGTH} characters`);
  attributes[path] = typeof value === "object" ? asJson(value) : String(value);
};

/** Throws RefusedItem for more attributes, or more bytes of them and of the message, than an item may have. */
export const checkSize = (message: string, attributes: Record<string, string>): void => {
  const entries = Object.entries(attributes);
  if (entries.length > MAX_ATTRIBUTES) throw new RefusedItem("invalid_item", `an item may have at most ${MAX_ATTRIBUTES} attributes`);
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), Buffer.byteLength(message));
  if (bytes > MAX_ITEM_BYTES) throw new RefusedItem("invalid_item", `message and attributes together are longer than ${MAX_ITEM_BYTES} bytes`);
};

/** No prototype: a field named `__proto__` is an attribute like any other. */
export const newAttributes = (): Record<string, string> => Object.create(null) as Record<string, string>;
