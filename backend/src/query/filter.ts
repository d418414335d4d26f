/**
 * What a log query asks for, whichever language it was written in.
 *
 * A filter says yes or no to every row, never "unknown": `not` is the exact complement, so a row
 * without the field is found by `not`. Parsers (lucene/, and later LogQL, ES DSL, pipes) build this
 * tree through field-conditions.ts; compile-filter.ts turns it into SQL.
 */

/** `"any"` = any run of characters, `"one"` = one character, `{ literal }` = exactly this text. */
export type PatternPart = "any" | "one" | { readonly literal: string };
export type Pattern = readonly PatternPart[];

export type TextColumn = "service" | "host" | "environment";
export type IdColumn = "trace_id" | "span_id";
export type NumberColumn = "severity" | "pattern" | "weight";
export type TimeColumn = "timestamp" | "observed" | "received";

export interface Bound<T> {
  readonly value: T;
  readonly inclusive: boolean;
}

/** An interval; a missing end is open. */
export interface Interval<T> {
  readonly from?: Bound<T>;
  readonly to?: Bound<T>;
}

/** A field that holds text. An attribute may be known by several keys: one that matches is enough. */
export type TextField =
  | { readonly kind: "column"; readonly column: TextColumn }
  | { readonly kind: "attribute"; readonly keys: readonly string[] };

export type Field =
  | TextField
  | { readonly kind: "message" }
  | { readonly kind: "id"; readonly column: IdColumn }
  | { readonly kind: "number"; readonly column: NumberColumn }
  | { readonly kind: "time"; readonly column: TimeColumn };

/** What free text and regular expressions are looked for in. Ids are lower-case hex there, "" when the row has none. */
export type SearchedField = TextField | { readonly kind: "message" } | { readonly kind: "id"; readonly column: IdColumn };

export type LogFilter =
  /** All of them; none at all = every row. */
  | { readonly kind: "and"; readonly items: readonly LogFilter[] }
  /** One of them; none at all = no row. */
  | { readonly kind: "or"; readonly items: readonly LogFilter[] }
  | { readonly kind: "not"; readonly item: LogFilter }
  /**
   * The message holds this text, A-Z like a-z, beginning and ending at a word's border where the
   * text itself begins or ends with a word's character. See words.ts for what a word is.
   */
  | { readonly kind: "phrase"; readonly text: string }
  /** As `phrase`, with wildcards that match anything but white space. */
  | { readonly kind: "message-pattern"; readonly pattern: Pattern }
  /** The field holds this text, anywhere; with `ignoreCase` A-Z like a-z. A row without an attribute does not. */
  | { readonly kind: "contains"; readonly field: SearchedField; readonly text: string; readonly ignoreCase: boolean }
  /**
   * The field matches this regular expression: all of it when `whole`, else anywhere. RE2's syntax
   * and its defaults: case counts, `.` is not a newline. Made by `regexFilter` only, which checks it.
   */
  | { readonly kind: "regex"; readonly field: SearchedField; readonly regex: string; readonly whole: boolean }
  /** The field's whole value is this text. */
  | { readonly kind: "equals"; readonly field: TextField; readonly value: string }
  /** The field's whole value matches; case counts, wildcards match anything. */
  | { readonly kind: "pattern"; readonly field: TextField; readonly pattern: Pattern }
  /** In the order of bytes. */
  | { readonly kind: "text-range"; readonly field: TextField; readonly interval: Interval<string> }
  /** The value of an attribute, read as a decimal number; what does not read as one is outside. */
  | { readonly kind: "attribute-range"; readonly keys: readonly string[]; readonly interval: Interval<number> }
  | { readonly kind: "number-range"; readonly column: NumberColumn; readonly interval: Interval<number | bigint> }
  /** ns since 1970. */
  | { readonly kind: "time-range"; readonly column: TimeColumn; readonly interval: Interval<bigint> }
  /** Lower-case hex of the whole id; "" = the row has none. */
  | { readonly kind: "id"; readonly column: IdColumn; readonly hex: string }
  /** The row's own id (`<batch>-<row>`), or the one that its writer gave it (the attribute `_id`). */
  | { readonly kind: "row-id"; readonly id: string }
  | { readonly kind: "id-pattern"; readonly column: IdColumn; readonly pattern: Pattern }
  /** The row has the field: a value other than "", 0 or no id; an attribute also when it is "". */
  | { readonly kind: "exists"; readonly field: Field };

export const EVERY_ROW: LogFilter = { kind: "and", items: [] };
export const NO_ROW: LogFilter = { kind: "or", items: [] };

/** `and` without needless nesting. */
export const allOf = (items: readonly LogFilter[]): LogFilter => (items.length === 1 ? items[0]! : { kind: "and", items });

/** `or` without needless nesting. */
export const anyOf = (items: readonly LogFilter[]): LogFilter => (items.length === 1 ? items[0]! : { kind: "or", items });

export const negate = (item: LogFilter): LogFilter => ({ kind: "not", item });
