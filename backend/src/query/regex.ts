/**
 * Regular expressions as people write them: RE2's syntax (https://github.com/google/re2/wiki/Syntax),
 * which both the store and RE2JS read, in linear time.
 */

import { RE2JS, RE2JSException } from "re2js";
import { ConditionError } from "./condition-error.ts";
import type { LogFilter, SearchedField } from "./filter.ts";

const MAX_LENGTH = 1_000;
/** Of what RE2JS makes of the text. RE2 gives up at about 8 MB, which is beyond this many instructions. */
const MAX_INSTRUCTIONS = 10_000;

/** A filter for a regular expression. Throws as `compileRegex`. */
export const regexFilter = (field: SearchedField, regex: string, whole: boolean): LogFilter => {
  compileRegex(regex);
  return { kind: "regex", field, regex, whole };
};

/** In Lucene's `/.../`: found anywhere in the message; elsewhere the whole value, as with wildcards. */
export const isWhole = ({ kind }: SearchedField): boolean => kind !== "message";

/** Throws ConditionError when the text is no expression, or too large a one. */
export const compileRegex = (regex: string): RE2JS => {
  if (regex.length > MAX_LENGTH) throw new ConditionError("The regular expression is too long.", `${MAX_LENGTH} characters are the most.`);
  if (regex.includes("\0")) throw new ConditionError("The regular expression has a NUL character in it.", "Write \\x00 for it.");
  if (!regex.isWellFormed()) throw new ConditionError("The regular expression has half a character in it.", "Write it in whole characters.");
  const compiled = compile(regex);
  if (compiled.programSize() > MAX_INSTRUCTIONS) throw new ConditionError("The regular expression is too large.", "Repeat less: a{1000} is a thousand times a.");
  return compiled;
};

const compile = (regex: string): RE2JS => {
  try {
    return RE2JS.compile(regex);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new ConditionError(`${JSON.stringify(regex)} is no regular expression: ${error.message}.`, "The syntax is RE2's, without look-around and back-references.");
  }
};

/** The expression as ClickHouse's `match` is given it: there `.` would be a newline too. */
export const storeRegex = (regex: string, whole: boolean): string => (whole ? `\\A(?-s:${regex})\\z` : `(?-s:${regex})`);
