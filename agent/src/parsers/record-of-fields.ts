/**
 * A record of fields that came decoded (msgpack, protobuf) as a log record: the same rules as for a
 * line of JSON (fields.ts, json-leaves.ts), so that it does not matter which way a program logs.
 */

import type { IncomingLog } from "../core/contracts.ts";
import { ROLE, ROLE_OF_PATH, type Role } from "./fields.ts";
import { MAX_JSON_DEPTH, type Leaf } from "./json-leaves.ts";
import { severityOfLevel, severityOfNumber } from "./severity.ts";
import { TimestampParser } from "./timestamp.ts";

const NS_PER_SECOND = 1_000_000_000n;

/** Longer texts are no time and no level. */
const SCRATCH_BYTES = 128;
const scratch = Buffer.alloc(SCRATCH_BYTES);
const timestamps = new TimestampParser(scratch);

/** Bytes that end at the end of `text`, or -1 when it is too long. */
const inScratch = (text: string): number => (text.length > SCRATCH_BYTES / 3 ? -1 : scratch.write(text));

/** A time as logs write them, ns since 1970. */
export const timestampOfText = (text: string): bigint | undefined => {
  const length = inScratch(text);
  return length > 0 && timestamps.parse(0, length) ? BigInt(timestamps.seconds) * NS_PER_SECOND + BigInt(timestamps.nanoseconds) : undefined;
};

const severityOfText = (text: string, parse: typeof severityOfLevel): number | undefined => {
  const length = inScratch(text);
  const severity = length > 0 ? parse(scratch, 0, length) : -1;
  return severity < 0 ? undefined : severity;
};

const isHex = (text: string, digits: number): boolean => text.length === digits && /^[0-9a-f]+$/i.test(text);

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** JSON of anything; what JSON has no word for is told as text. */
const jsonOf = (value: unknown): string => {
  try {
    return JSON.stringify(plainOf(value)) ?? "null";
  } catch (error) {
    // The stack, which a sender can exhaust with a few kilobytes of brackets.
    if (error instanceof RangeError) return "[nested too deeply]";
    throw error;
  }
};

const plainOf = (value: unknown): unknown => {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  if (Array.isArray(value)) return value.map(plainOf);
  if (isObject(value) && !(value instanceof Date)) return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plainOf(inner)]));
  return value;
};

const collect = (value: unknown, path: string, depth: number, leaves: Leaf[]): void => {
  if (value === null || value === undefined) return;
  if (value instanceof Uint8Array) leaves.push({ path, kind: "string", text: Buffer.from(value).toString("utf8") });
  else if (Array.isArray(value)) leaves.push({ path, kind: "array", text: jsonOf(value) });
  else if (value instanceof Date) leaves.push({ path, kind: "string", text: Number.isNaN(value.getTime()) ? "" : value.toISOString() });
  else if (!isObject(value)) leaves.push({ path, kind: typeof value === "string" ? "string" : "bare", text: String(value) });
  else if (depth >= MAX_JSON_DEPTH) leaves.push({ path, kind: "array", text: jsonOf(value) });
  else for (const [key, inner] of Object.entries(value)) collect(inner, depth === 0 ? key : `${path}.${key}`, depth + 1, leaves);
};

/** Puts a leaf where it belongs; false when its text is not of that form. */
const assign = (record: { -readonly [Name in keyof IncomingLog]?: IncomingLog[Name] }, role: Role, text: string): boolean => {
  switch (role) {
    case ROLE.MESSAGE:
      record.message = text;
      return true;
    case ROLE.TIMESTAMP: {
      const timestamp = timestampOfText(text);
      if (timestamp !== undefined) record.timestamp = timestamp;
      return timestamp !== undefined;
    }
    case ROLE.LEVEL:
    case ROLE.SEVERITY_NUMBER: {
      const severity = severityOfText(text, role === ROLE.LEVEL ? severityOfLevel : severityOfNumber);
      if (severity !== undefined) record.severity = severity;
      return severity !== undefined;
    }
    case ROLE.SERVICE:
      record.service = text;
      return true;
    case ROLE.HOST:
      record.host = text;
      return true;
    case ROLE.ENVIRONMENT:
      record.environment = text;
      return true;
    case ROLE.TRACE_ID:
      if (isHex(text, 32)) record.traceId = text.toLowerCase();
      return record.traceId !== undefined;
    case ROLE.SPAN_ID:
      if (isHex(text, 16)) record.spanId = text.toLowerCase();
      return record.spanId !== undefined;
    default:
      return false;
  }
};

/** The first field of a role has it; later ones, and texts that are not of its form, stay attributes. */
export const recordOfFields = (fields: object): IncomingLog => {
  const leaves: Leaf[] = [];
  collect(fields, "", 0, leaves);
  const record: { -readonly [Name in keyof IncomingLog]?: IncomingLog[Name] } = {};
  const attributes: [string, string][] = [];
  const taken = new Set<Role>();
  for (const { path, text } of leaves) {
    const role = ROLE_OF_PATH.get(path) ?? ROLE.ATTRIBUTE;
    if (role === ROLE.ATTRIBUTE || taken.has(role) || !assign(record, role, text)) attributes.push([path, text]);
    taken.add(role);
  }
  return { message: "", ...record, attributes: Object.fromEntries(attributes) };
};
