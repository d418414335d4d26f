/**
 * Words, as the store's text index cuts them (`splitByNonAlpha` over `lower(message)`): runs of
 * ASCII letters and digits and of everything outside ASCII. `lower` is ASCII only, so É is not é.
 */

const WORD = /[0-9A-Za-z\u0080-\u{10ffff}]+/gu;
const WORD_CHARACTER = /^[0-9A-Za-z\u0080-\u{10ffff}]$/u;

/** A-Z to a-z and nothing else, as ClickHouse's `lower` does it. */
export const lowerAscii = (text: string): string => text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase());

export const wordsOf = (text: string): string[] => text.match(WORD) ?? [];

export const startsInWord = (text: string): boolean => WORD_CHARACTER.test(String.fromCodePoint(text.codePointAt(0) ?? 0x20));

export const endsInWord = (text: string): boolean => {
  // A low surrogate alone is no ASCII either, so the last unit says what the last character is.
  return text !== "" && WORD_CHARACTER.test(text.at(-1)!);
};
