/**
 * Text to look for in a message -> words that must be in it (for the text index) and, where words
 * do not say it all, a regular expression (RE2, as the store reads it).
 *
 * Both are for the message in lower case.
 */

import type { Pattern } from "./filter.ts";
import { endsInWord, lowerAscii, startsInWord, wordsOf } from "./words.ts";

export interface MessageTest {
  /** Whole words of the message. */
  readonly words: readonly string[];
  /** undefined: the words say it all. */
  readonly regex: string | undefined;
}

const BEFORE = "(?:^|[^0-9a-z\\x{80}-\\x{10ffff}])";
const AFTER = "(?:$|[^0-9a-z\\x{80}-\\x{10ffff}])";
/** Anything but \t \n \f \r and the space: what white space is to RE2 (to JavaScript it is more). */
const NO_SPACE = "\\S";

/** Control characters go as escapes: a NUL would end the pattern in some readers. */
const quote = (text: string): string =>
  text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&").replace(/[\u0000-\u001f\u007f]/g, (c) => `\\x{${c.charCodeAt(0).toString(16)}}`);

/** Test for text without wildcards. */
export const phraseTest = (text: string): MessageTest => {
  const lower = lowerAscii(text);
  const words = [...new Set(wordsOf(lower))];
  if (words.length === 1 && words[0] === lower) return { words, regex: undefined };
  return { words, regex: `${startsInWord(lower) ? BEFORE : ""}${quote(lower)}${endsInWord(lower) ? AFTER : ""}` };
};

/** Test for text with wildcards, which stand for anything but white space. */
export const patternTest = (pattern: Pattern): MessageTest => {
  const words = new Set<string>();
  let regex = "";
  for (const [i, part] of pattern.entries()) {
    const first = i === 0;
    const last = i === pattern.length - 1;
    if (part === "any") regex += `${NO_SPACE}*`;
    else if (part === "one") regex += `${first ? BEFORE : ""}${NO_SPACE}${last ? AFTER : ""}`;
    else {
      const lower = lowerAscii(part.literal);
      regex += `${first && startsInWord(lower) ? BEFORE : ""}${quote(lower)}${last && endsInWord(lower) ? AFTER : ""}`;
      for (const word of wholeWords(lower, first, last)) words.add(word);
    }
  }
  return { words: [...words], regex };
};

/** Words that a message holds whole wherever it holds this text: the outer ones may be parts of longer words. */
export const innerWords = (text: string): string[] => [...new Set(wholeWords(text, false, false))];

/** Words of a literal that no wildcard beside it can prolong. */
const wholeWords = (literal: string, first: boolean, last: boolean): string[] => {
  const words = wordsOf(literal);
  if (!first && startsInWord(literal)) words.shift();
  if (!last && endsInWord(literal)) words.pop();
  return words;
};
