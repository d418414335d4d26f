/**
 * LogFilter -> a Lucene query string that parses back to the same filter. For showing what a link,
 * an alert or another language's query means.
 */

import { resolveField } from "../fields.ts";
import type { Bound, Field, Interval, LogFilter, Pattern, SearchedField, TextField } from "../filter.ts";
import { isWhole } from "../regex.ts";
import { formatNs } from "../time.ts";

export const printLucene = (filter: LogFilter): string => {
  switch (filter.kind) {
    case "and":
      return filter.items.length === 0 ? "*" : filter.items.map(printItem).join(" AND ");
    case "or":
      return filter.items.length === 0 ? "NOT *" : filter.items.map(printItem).join(" OR ");
    case "not":
      return `NOT ${printItem(filter.item)}`;
    case "phrase":
      return quoted(filter.text);
    case "message-pattern":
      return printPattern(filter.pattern);
    case "contains":
      return `${fieldName(filter.field)}:${printRegex(filter.field, literalRegex(filter.text, filter.ignoreCase), false)}`;
    case "regex":
      return `${fieldName(filter.field)}:${printRegex(filter.field, filter.regex, filter.whole)}`;
    case "equals":
      return `${textFieldName(filter.field)}:${quoted(filter.value)}`;
    case "pattern":
      return `${textFieldName(filter.field)}:${printPattern(filter.pattern)}`;
    case "text-range":
      return `${textFieldName(filter.field)}:${printInterval(filter.interval, quoted)}`;
    case "attribute-range":
      return `${attributeName(filter.keys)}:${printInterval(filter.interval, String)}`;
    case "number-range":
      return `${filter.column}:${printInterval(filter.interval, String)}`;
    case "time-range":
      return `${filter.column}:${printInterval(filter.interval, formatNs)}`;
    case "id":
      return `${filter.column}:${quoted(filter.hex)}`;
    case "row-id":
      return `_id:${quoted(filter.id)}`;
    case "id-pattern":
      return `${filter.column}:${printPattern(filter.pattern)}`;
    case "exists":
      return `_exists_:${fieldName(filter.field)}`;
  }
};

const printItem = (filter: LogFilter): string => {
  const compound = (filter.kind === "and" || filter.kind === "or") && filter.items.length > 0;
  return compound || filter.kind === "or" ? `(${printLucene(filter)})` : printLucene(filter);
};

const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** Lucene has no way to say "anywhere" of a field and "all of it" of the message: those are put into the expression. */
const printRegex = (field: SearchedField, regex: string, whole: boolean): string => {
  const said = whole === isWhole(field) ? regex : whole ? `\\A(?:${regex})\\z` : `(?s:.*)(?:${regex})(?s:.*)`;
  return `/${said.replace(/\\[\s\S]|\//g, (c) => (c === "/" ? "\\/" : c))}/`;
};

const literalRegex = (text: string, ignoreCase: boolean): string => {
  const literal = text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return ignoreCase ? literal.replace(/[A-Za-z]/g, (c) => `[${c.toLowerCase()}${c.toUpperCase()}]`) : literal;
};

const escaped = (text: string): string => text.replace(/[^A-Za-z0-9_.]/gu, "\\$&");

const printPattern = (pattern: Pattern): string =>
  pattern.map((part) => (part === "any" ? "*" : part === "one" ? "?" : escaped(part.literal))).join("");

const printInterval = <T>({ from, to }: Interval<T>, print: (value: T) => string): string => {
  const bound = (end: Bound<T> | undefined): string => (end ? print(end.value) : "*");
  return `${from?.inclusive === false ? "{" : "["}${bound(from)} TO ${bound(to)}${to?.inclusive === false ? "}" : "]"}`;
};

const fieldName = (field: Field): string => {
  if (field.kind === "message") return "message";
  return field.kind === "attribute" || field.kind === "column" ? textFieldName(field) : field.column;
};

const textFieldName = (field: TextField): string => (field.kind === "column" ? field.column : attributeName(field.keys));

/** The name that resolves to these keys. */
const attributeName = (keys: readonly string[]): string => {
  const name = keys[0]!;
  const resolved = resolveField(name);
  const same = resolved.kind === "attribute" && resolved.keys.length === keys.length && resolved.keys.every((key, i) => key === keys[i]);
  return escapedName(same ? name : `attributes.${name}`);
};

/** A name begins with a letter; `_exists_` is an operator. */
const escapedName = (name: string): string => (/^[\d.]|^_exists_$/.test(name) ? `\\${name[0]}${escaped(name.slice(1))}` : escaped(name));
