/** `prefix`, `wildcard`, `regexp`. */

import { parsingError } from "../../../core/elasticsearch.ts";
import { existing, matching, matchingRegex } from "../../field-conditions.ts";
import type { QueryField } from "../../fields.ts";
import type { LogFilter, Pattern, PatternPart } from "../../filter.ts";
import { regexFilter } from "../../regex.ts";
import { asBoolean, asText, isObject, onlyMember, refuseUnknown, type JsonObject } from "../json.ts";
import { condition, fieldOf } from "./context.ts";
import { quoteRegex } from "./terms.ts";

interface Read {
  readonly field: QueryField;
  readonly text: string;
  readonly anyCase: boolean;
  readonly options: JsonObject;
}

const read = (name: string, body: unknown, known: readonly string[] = []): Read => {
  const [fieldName, value] = onlyMember(body, `[${name}] query`);
  const options: JsonObject = isObject(value) ? value : { value };
  refuseUnknown(options, `[${name}] query`, ["value", name, "case_insensitive", "rewrite", "boost", "_name", ...known]);
  const anyCase = options["case_insensitive"] !== undefined && asBoolean(options["case_insensitive"], `[${name}] case_insensitive`);
  return { field: fieldOf(fieldName), text: asText(options["value"] ?? options[name], `[${name}] value of [${fieldName}]`), anyCase, options };
};

/** Text of fields whose case counts, whatever its case. */
const matchingPattern = (field: QueryField, pattern: Pattern, anyCase: boolean): LogFilter => {
  if (!anyCase || (field.kind !== "column" && field.kind !== "attribute")) return matching(field, pattern);
  const regex = pattern.map((part) => (part === "any" ? ".*" : part === "one" ? "." : quoteRegex(part.literal))).join("");
  return regexFilter(field, `(?is)${regex}`, true);
};

export const prefix = (body: unknown): LogFilter => {
  const { field, text, anyCase } = read("prefix", body);
  return condition("prefix", () => (text === "" ? existing(field) : matchingPattern(field, [{ literal: text }, "any"], anyCase)));
};

/** `*` any text, `?` one character, `\` takes the character behind it as it is. */
const wildcardPattern = (text: string): Pattern => {
  const parts: PatternPart[] = [];
  let literal = "";
  const flush = (): void => {
    if (literal !== "") parts.push({ literal });
    literal = "";
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === "\\" && i + 1 < text.length) literal += text[++i]!;
    else if (c === "*" || c === "?") {
      flush();
      if (c === "?" || parts.at(-1) !== "any") parts.push(c === "*" ? "any" : "one");
    } else literal += c;
  }
  flush();
  return parts;
};

export const wildcard = (body: unknown): LogFilter => {
  const { field, text, anyCase } = read("wildcard", body);
  const pattern = wildcardPattern(text);
  return condition("wildcard", () => matchingPattern(field, pattern.length === 0 ? [{ literal: "" }] : pattern, anyCase));
};

export const regexp = (body: unknown): LogFilter => {
  const { field, text, anyCase, options } = read("regexp", body, ["flags", "flags_value", "max_determinized_states"]);
  const regex = luceneRegexToRe2(text, options["flags"] === "NONE");
  return condition("regexp", () => matchingRegex(field, anyCase ? `(?i)${regex}` : regex));
};

/** Operators of Lucene that RE2 has not. */
const LUCENE_ONLY = "~&<#@\"";

/**
 * Lucene's regular expressions -> RE2. `^` and `$` are characters there (an expression is for the
 * whole value); what only Lucene has is refused unless `flags` is `NONE`.
 */
export const luceneRegexToRe2 = (text: string, plain: boolean): string => {
  let regex = "";
  let inClass = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === "\\") {
      const next = text[++i];
      if (next === undefined) throw parsingError("[regexp] value ends with a backslash");
      regex += /[A-Za-z0-9]/.test(next) ? `\\${next}` : quoteRegex(next);
    } else if (inClass) {
      inClass = c !== "]";
      regex += c === "[" ? "\\[" : c;
    } else if (c === "^" || c === "$") regex += `\\${c}`;
    else if (LUCENE_ONLY.includes(c)) {
      if (!plain) throw parsingError(`[regexp] ${c} is an operator of Lucene's regular expressions that is not supported: write \\${c} for the character, or set flags to NONE`);
      regex += c;
    } else {
      inClass = c === "[";
      const isNegated = inClass && text[i + 1] === "^";
      if (isNegated) i++;
      regex += isNegated ? "[^" : c;
    }
  }
  return regex;
};
