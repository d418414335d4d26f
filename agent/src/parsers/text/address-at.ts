/** Addresses at one place of a text. */

import { isHexCode, isNameCode } from "./characters.ts";
import { ADDRESS } from "./fact-words.ts";
import { isAddress } from "./http.ts";

export const startsToken = (text: string, at: number): boolean => at === 0 || !isNameCode(text.charCodeAt(at - 1));

/** Whether a group of hexadecimal digits ends with a sign that addresses have. Most words do not. */
export const mayBeAddress = (text: string, start: number): boolean => {
  for (let at = start; at < start + 5; at++) {
    const code = text.charCodeAt(at);
    if (code === 46 || code === 58 || (code === 45 && at === start + 2)) return true;
    if (!isHexCode(code)) return false;
  }
  return false;
};

/** The address, with its port, that stands at `at`. */
export const addressAt = (text: string, at: number): string | undefined => {
  ADDRESS.lastIndex = at;
  const found = ADDRESS.exec(text)?.groups;
  if (!found || (found["v4"] === undefined && !isAddress(found["vb"] ?? found["v6"]!))) return undefined;
  return text.slice(at, ADDRESS.lastIndex);
};
