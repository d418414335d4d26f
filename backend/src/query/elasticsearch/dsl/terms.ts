/** Exact values: `term`, `terms`, `ids`. */

import { parsingError } from "../../../core/elasticsearch.ts";
import { equalTo } from "../../field-conditions.ts";
import { anyOf, type LogFilter } from "../../filter.ts";
import { regexFilter } from "../../regex.ts";
import { asArray, asBoolean, asObject, asText, isObject, onlyMember, refuseUnknown } from "../json.ts";
import { condition, fieldOf, type DslContext } from "./context.ts";
import { timeEqualTo } from "./range.ts";

/** A row whose field is this value. */
const equal = (name: string, value: unknown, what: string, context: DslContext): LogFilter => {
  const text = asText(value, `${what} value of [${name}]`);
  if (name === "_index") return context.indexFilter(text);
  if (name === "_id") return idIs(text, context);
  const field = fieldOf(name);
  return field.kind === "time" ? timeEqualTo(field.column, value, context) : equalTo(field, text, context);
};

const ANY_CASE = /[a-z]/i;

export const term = (body: unknown, context: DslContext): LogFilter => {
  const [name, value] = onlyMember(body, "[term] query");
  const options = isObject(value) ? value : { value };
  refuseUnknown(options, "[term] query", ["value", "term", "case_insensitive", "boost", "_name"]);
  const wanted = options["value"] ?? options["term"];
  const anyCase = options["case_insensitive"] !== undefined && asBoolean(options["case_insensitive"], "[term] case_insensitive");
  return condition("term", () => {
    const field = fieldOf(name);
    if (!anyCase || (field.kind !== "column" && field.kind !== "attribute") || !ANY_CASE.test(String(wanted))) return equal(name, wanted, "[term]", context);
    return regexFilter(field, `(?i)${quoteRegex(asText(wanted, "[term] value"))}`, true);
  });
};

export const quoteRegex = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&").replace(/[\u0000-\u001f\u007f]/g, (c) => `\\x{${c.charCodeAt(0).toString(16)}}`);

export const terms = (body: unknown, context: DslContext): LogFilter => {
  const { boost: _boost, _name, ...rest } = asObject(body, "[terms] query");
  const [name, values] = onlyMember(rest, "[terms] query");
  if (isObject(values)) throw parsingError("[terms] query with a look-up of values is not supported: give the values");
  return condition("terms", () => anyOf(asArray(values, `[terms] values of [${name}]`).map((value) => equal(name, value, "[terms]", context))));
};

export const ids = (body: unknown, context: DslContext): LogFilter => {
  const query = asObject(body, "[ids] query");
  refuseUnknown(query, "[ids] query", ["values", "boost", "_name"]);
  return anyOf(asArray(query["values"], "[ids] values").map((id) => idIs(asText(id, "[ids] value"), context)));
};

const idIs = (id: string, context: DslContext): LogFilter => equalTo(fieldOf("_id"), id, context);
