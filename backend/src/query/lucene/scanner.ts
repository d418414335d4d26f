/** Reading the characters of a Lucene query: white space, words, quoted text, and where they stand. */

import { ApiError } from "../../errors.ts";
import type { Pattern, PatternPart } from "../filter.ts";

/** Offsets are in UTF-16 code units, as JavaScript and JSON editors count. */
export const syntaxError = (message: string, offset: number, length: number, hint: string): ApiError =>
  new ApiError("invalid_query", `${message} (at character ${offset + 1}). ${hint}`, { details: { offset, length, hint } });

export interface Word {
  readonly start: number;
  readonly end: number;
  /** Unescaped text, cut at its wildcards. */
  readonly pattern: Pattern;
}

const SPACE = /\s/;
/** A field's name and its colon. `http://` is a URL, not a field. */
const FIELD = /((?:[\p{L}_@]|\\.)(?:[\p{L}\p{N}_.@$#/-]|\\.)*):(?!\/\/)/suy;
const REGEX = /\/((?:\\.|[^\\/])+)\/(?=\s|\)|$)/suy;
/** `~`, `~2`, `^3.5` at the end of a term. */
const SUFFIX = /[~^][\d.]*(?=\s|\)|$)/y;

export class Scanner {
  readonly text: string;
  offset = 0;

  constructor(text: string) {
    this.text = text;
  }

  get atEnd(): boolean {
    return this.offset >= this.text.length;
  }

  /** The character here, "" at the end. */
  get here(): string {
    return this.text.charAt(this.offset);
  }

  skipSpace(): void {
    while (!this.atEnd && SPACE.test(this.here)) this.offset++;
  }

  /** True when the text here is one of these, standing alone as a word. */
  atWord(...words: readonly string[]): boolean {
    return words.some((word) => this.text.startsWith(word, this.offset) && this.#endsWord(this.offset + word.length));
  }

  #endsWord(offset: number): boolean {
    const next = this.text.charAt(offset);
    return next === "" || SPACE.test(next) || next === "(" || next === ")" || next === '"';
  }

  /** Takes `name:` and returns the name, unescaped; undefined when there is none here. */
  takeField(): string | undefined {
    FIELD.lastIndex = this.offset;
    const match = FIELD.exec(this.text);
    if (!match) return undefined;
    this.offset += match[0].length;
    return match[1]!.replace(/\\(.)/gsu, "$1");
  }

  /** Takes `"..."`; inside, only `\"` and `\\` are escapes, so that Windows paths survive. */
  takeQuoted(): string {
    const start = this.offset++;
    let text = "";
    for (;;) {
      if (this.atEnd) throw syntaxError("This quotation has no end", start, this.text.length - start, 'Close it with ", or write \\" for a quotation mark itself.');
      const c = this.text[this.offset++]!;
      if (c === '"') break;
      if (c === "\\" && (this.here === '"' || this.here === "\\")) text += this.text[this.offset++]!;
      else text += c;
    }
    this.#refuseSuffix();
    return text;
  }

  /**
   * Takes `/.../` and returns what is in it; undefined when there is none here: in `/var/log/x` what
   * follows the second slash goes on, so that paths need no quotes. `\/` is a slash within.
   */
  takeRegex(): string | undefined {
    REGEX.lastIndex = this.offset;
    const match = REGEX.exec(this.text);
    if (!match) return undefined;
    this.offset += match[0].length;
    return match[1]!;
  }

  /** Takes everything up to white space, a parenthesis or a quotation mark (or a character of `stop`). */
  takeWord(stop = ""): Word {
    const start = this.offset;
    const parts: PatternPart[] = [];
    let literal = "";
    const wildcard = (part: PatternPart): void => {
      if (literal !== "") parts.push({ literal });
      literal = "";
      if (part !== "any" || parts.at(-1) !== "any") parts.push(part);
    };
    for (; !this.atEnd; this.offset++) {
      const c = this.here;
      if (SPACE.test(c) || c === "(" || c === ")" || c === '"' || stop.includes(c)) break;
      if (c === "*") wildcard("any");
      else if (c === "?") wildcard("one");
      else if (c === "\\") literal += this.#takeEscaped();
      else if ((c === "~" || c === "^") && this.offset > start) {
        this.#refuseSuffix();
        literal += c;
      } else literal += c;
    }
    if (literal !== "") parts.push({ literal });
    return { start, end: this.offset, pattern: parts };
  }

  /** At a backslash: the character behind it; the offset is left on its last unit. */
  #takeEscaped(): string {
    const code = this.text.codePointAt(this.offset + 1);
    if (code === undefined) throw syntaxError("Nothing follows this backslash", this.offset, 1, "Write \\\\ for a backslash itself.");
    const c = String.fromCodePoint(code);
    this.offset += c.length;
    return c;
  }

  #refuseSuffix(): void {
    SUFFIX.lastIndex = this.offset;
    const suffix = SUFFIX.exec(this.text)?.[0];
    if (suffix !== undefined)
      throw syntaxError("Fuzzy search (~) and boosts (^) are not supported", this.offset, suffix.length, `Leave it out, or escape it: \\${suffix}.`);
  }
}
