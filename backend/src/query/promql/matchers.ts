/** Label matchers: regular expressions are RE2's, and match whole values. */

import { RE2JS } from "re2js";
import type { Matcher } from "./syntax.ts";

/** Throws what RE2JS throws for a bad pattern; queries are checked before. */
export const compileMatcher = ({ operator, value }: Matcher): ((text: string) => boolean) => {
  if (operator === "=") return (text) => text === value;
  if (operator === "!=") return (text) => text !== value;
  const regex = RE2JS.compile(value, RE2JS.DOTALL);
  return operator === "=~" ? (text) => regex.matches(text) : (text) => !regex.matches(text);
};
