/** Matchers on text. */

import { RE2JS } from "re2js";
import type { MatchOperator } from "../syntax.ts";

interface TextMatcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
}

/** Labels of levels: they are in small letters, and found in capitals too. */
export const isLevel = (name: string): boolean => name === "level" || name === "detected_level";

/** Whether the value is what the matcher names, before a `!` turns it. */
export const positiveTest = ({ name, operator, value }: TextMatcher): ((text: string) => boolean) => {
  const test = operator === "=" || operator === "!=" ? (text: string) => text === value : regexTest(value);
  return isLevel(name) ? (text) => test(text) || test(text.toUpperCase()) : test;
};

const regexTest = (source: string): ((text: string) => boolean) => {
  const regex = RE2JS.compile(source);
  return (text) => regex.matches(text);
};

export const isNegative = ({ operator }: TextMatcher): boolean => operator === "!=" || operator === "!~";

export const matcherTest = (matcher: TextMatcher): ((text: string) => boolean) => {
  const test = positiveTest(matcher);
  return isNegative(matcher) ? (text) => !test(text) : test;
};
