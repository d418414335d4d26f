/**
 * Where JSON text stops being JSON (RFC 8259). `JSON.parse` names the place only in some of its
 * messages, and people who post by hand want to know it.
 */

export interface Position {
  /** Index of the first character that does not fit; the length of the text when it ends too early. */
  readonly offset: number;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

const BLANK = /[ \t\n\r]*/y;
const CHARACTERS = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const SCALAR = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;

/** What may come next: a value, a key, what stands between members, or nothing more. */
type Expected = "value" | "first value" | "key" | "first key" | "after value" | "end";

class Scanner {
  readonly #text: string;
  #at = 0;
  #expected: Expected = "value";
  readonly #open: ("{" | "[")[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** Offset of the first fault, or undefined when there is none. */
  run(): number | undefined {
    for (;;) {
      this.#take(BLANK);
      if (this.#at === this.#text.length) return this.#expected === "end" ? undefined : this.#at;
      if (!this.#step(this.#text[this.#at]!)) return this.#at;
    }
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #accept(character: string, then: Expected): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    this.#expected = then;
    return true;
  }

  #valueEnded(): true {
    this.#expected = this.#open.length === 0 ? "end" : "after value";
    return true;
  }

  #close(): true {
    this.#at++;
    this.#open.pop();
    return this.#valueEnded();
  }

  #step(next: string): boolean {
    switch (this.#expected) {
      case "end":
        return false;
      case "first key":
      case "key":
        return next === "}" && this.#expected === "first key" ? this.#close() : this.#key();
      case "first value":
      case "value":
        return next === "]" && this.#expected === "first value" ? this.#close() : this.#value(next);
      case "after value":
        if (this.#open.at(-1) === "{") return next === "}" ? this.#close() : this.#accept(",", "key");
        return next === "]" ? this.#close() : this.#accept(",", "value");
    }
  }

  /** In pieces: one pattern for a whole string overflows the stack of the regex engine at some MB. */
  #string(): boolean {
    if (this.#text[this.#at] !== '"') return false;
    this.#at++;
    do this.#take(CHARACTERS);
    while (this.#take(ESCAPE));
    if (this.#text[this.#at] !== '"') return false;
    this.#at++;
    return true;
  }

  #key(): boolean {
    if (!this.#string()) return false;
    this.#take(BLANK);
    return this.#accept(":", "value");
  }

  #value(next: string): boolean {
    if (next === "{" || next === "[") {
      this.#open.push(next);
      return this.#accept(next, next === "{" ? "first key" : "first value");
    }
    return (next === '"' ? this.#string() : this.#take(SCALAR)) && this.#valueEnded();
  }
}

/** Undefined for valid JSON. A fault inside a number is placed where the number begins or breaks off. */
export const jsonErrorPosition = (text: string): Position | undefined => {
  const offset = new Scanner(text).run();
  if (offset === undefined) return undefined;
  const before = text.slice(0, offset);
  return { offset, line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
};
