/** An expression after its names were looked up: SQL, and what is known about it. */

import { createHash } from "node:crypto";
import { param, sql, type Fragment } from "../../sql/sql.ts";
import { instant } from "../log-source.ts";
import { sqlError, type Span } from "./errors.ts";
import type { Kind } from "./tables.ts";

export interface Bound {
  readonly fragment: Fragment;
  readonly kind: Kind;
  /** Two expressions with the same key mean the same. */
  readonly key: string;
  /** How many parts the SQL has: names of expressions stand for them, and may stand for them often. */
  readonly size: number;
  /** Columns that are read outside of an aggregate and are not grouped by. */
  readonly bare: readonly { readonly name: string; readonly at: Span }[];
  readonly aggregate: boolean;
  readonly window: boolean;
  /** A time that is known now, ns since 1970. */
  readonly timeNs?: bigint;
  /** A span of a fixed length. */
  readonly spanNs?: bigint;
  /** A text that was written out. */
  readonly text?: string;
  /** A whole number that was written out. */
  readonly integer?: bigint;
  /** Of an id in hexadecimal digits: its stored bytes. Asking for them makes them be read. */
  readonly bytes?: () => Fragment;
}

/** Above this a statement is no longer one that somebody wrote. */
const MAX_SIZE = 5_000;

/** Joins what is known of the parts. */
export const composed = (fragment: Fragment, kind: Kind, name: string, parts: readonly Bound[], at: Span, more: Partial<Bound> = {}): Bound => {
  const size = parts.reduce((sum, part) => sum + part.size, 1);
  if (size > MAX_SIZE) throw sqlError("This expression is too large", at, `Its names stand for more than ${MAX_SIZE} parts.`);
  return {
    fragment,
    kind,
    key: `${name}(${parts.map(({ key }) => key).join(",")})`,
    size,
    bare: parts.flatMap(({ bare }) => bare).slice(0, 1),
    aggregate: parts.some(({ aggregate }) => aggregate),
    window: parts.some(({ window }) => window),
    ...more,
  };
};

const literal = (fragment: Fragment, kind: Kind, key: string, more: Partial<Bound> = {}): Bound => ({ fragment, kind, key, size: 1, bare: [], aggregate: false, window: false, ...more });

/** Keys are put together from those of the parts: a long text would make them large. */
export const keyOf = (text: string): string => (text.length <= 64 ? `${text.length}:${text}` : createHash("sha256").update(text).digest("hex"));

export const timeLiteral = (ns: bigint): Bound => literal(instant(ns), "time", `time:${ns}`, { timeNs: ns });
export const textLiteral = (text: string): Bound => literal(sql`${param.string(text)}`, "text", `text:${keyOf(text)}`, { text });
export const boolLiteral = (value: boolean): Bound => literal(value ? sql`true` : sql`false`, "bool", `bool:${value}`);
export const nullLiteral = (): Bound => literal(sql`NULL`, "other", "null");

/** As whole a number as it was written. */
export const numberLiteral = (text: string, at: Span): Bound => {
  const key = `number:${text}`;
  if (/^\d+$/.test(text)) {
    const value = BigInt(text);
    // The smallest type, as ClickHouse reads it: a 64-bit integer and a float have no type in common.
    if (value < 1n << 8n) return literal(sql`${param.uint8(Number(value))}`, "number", key, { integer: value });
    if (value < 1n << 32n) return literal(sql`${param.uint32(Number(value))}`, "number", key, { integer: value });
    if (value < 1n << 63n) return literal(sql`${param.int64(value)}`, "number", key, { integer: value });
    if (value < 1n << 64n) return literal(sql`${param.uint64(value)}`, "number", key);
  }
  const value = Number(text);
  if (!Number.isFinite(value)) throw sqlError("This number is too large", at, "Numbers go up to about 1.8e308.");
  return literal(sql`${param.float64(value)}`, "number", key);
};

export const constant = literal;
