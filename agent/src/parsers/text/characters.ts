/** Small questions about the characters of a message, for its reader (facts.ts). */

/** `client.port` next to `client.address`. */
export const portOf = (name: string): string => (name.endsWith(".address") ? `${name.slice(0, -".address".length)}.port` : `${name}.port`);

export const isHexCode = (code: number): boolean => (code >= 48 && code <= 57) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
/** Letters, digits, `_` and `.`. */
export const isNameCode = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || code === 46;
/** These, and `@`, `-`, `/`. */
export const isWordCode = (code: number): boolean => isNameCode(code) || code === 45 || code === 47 || code === 64;
export const isWordEndSign = (code: number): boolean => code === 46 || code === 47 || code === 45;
/** Letters, digits, `_`, `.`, `:`, `-`, `µ`. */
export const isNumberCode = (code: number): boolean => isNameCode(code) || code === 58 || code === 45 || code === 181;

export const isDigit = (character: string): boolean => character >= "0" && character <= "9";
export const isWordStart = (character: string): boolean => (character >= "a" && character <= "z") || (character >= "A" && character <= "Z") || character === "_";

export const skipBlanks = (text: string, from: number, most: number): number => {
  let at = from;
  while (at < from + most && text[at] === " ") at++;
  return at;
};

/** End of a phrase after `key: `: before a comma, a tab, a line end, a semicolon, a closing mark or a full stop. */
export const endOfSentence = (text: string, from: number): number => {
  let at = from;
  for (; at < text.length; at++) {
    const character = text[at]!;
    if (character === "," || character === ";" || character === ")" || character === "]" || character === "|" || character === "\n" || character === "\t") break;
    if (character === "." && (at + 1 === text.length || text[at + 1] === " ")) break;
  }
  return text.slice(from, at).trimEnd().length + from;
};

export const unescape = (text: string): string => (text.includes("\\") ? text.replace(/\\(["'\\])/g, "$1") : text);
