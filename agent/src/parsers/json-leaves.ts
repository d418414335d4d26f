/**
 * A JSON object (RFC 8259, strict) as its leaves: dotted path, kind and text. Numbers, booleans and
 * arrays keep the text that was written, so nothing is lost to a double; strings are decoded. Null
 * and `{}` have no leaf. This is the plain way that the fast row pass must agree with.
 */

export type LeafKind = "string" | "bare" | "array";

export interface Leaf {
  readonly path: string;
  readonly kind: LeafKind;
  readonly text: string;
}

/** Deeper documents are not taken apart: their line is kept as text. */
export const MAX_JSON_DEPTH = 64;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const BLANK = /[ \t\n\r]*/y;

class NotJson extends Error {}

class LeafParser {
  readonly leaves: Leaf[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): void {
    this.#blank();
    this.#object("", 1);
    this.#blank();
    if (this.#at !== this.#text.length) throw new NotJson();
  }

  #match(token: RegExp): string | undefined {
    token.lastIndex = this.#at;
    if (!token.test(this.#text)) return undefined;
    const text = this.#text.slice(this.#at, token.lastIndex);
    this.#at = token.lastIndex;
    return text;
  }

  #blank(): void {
    this.#match(BLANK);
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw new NotJson();
  }

  #string(): string {
    const token = this.#match(STRING);
    if (token === undefined) throw new NotJson();
    return token.includes("\\") ? (JSON.parse(token) as string) : token.slice(1, -1);
  }

  /** Members of an object; `emit` is what happens to their values. */
  #object(path: string, depth: number, keepLeaves = true): void {
    if (depth > MAX_JSON_DEPTH) throw new NotJson();
    this.#expect("{");
    this.#blank();
    if (this.#take("}")) return;
    do {
      this.#blank();
      const key = this.#string();
      this.#blank();
      this.#expect(":");
      this.#blank();
      this.#value(depth === 1 ? key : `${path}.${key}`, depth, keepLeaves);
      this.#blank();
    } while (this.#take(","));
    this.#expect("}");
  }

  #array(depth: number): void {
    if (depth > MAX_JSON_DEPTH) throw new NotJson();
    this.#expect("[");
    this.#blank();
    if (this.#take("]")) return;
    do {
      this.#blank();
      this.#value("", depth, false);
      this.#blank();
    } while (this.#take(","));
    this.#expect("]");
  }

  #value(path: string, depth: number, keepLeaf: boolean): void {
    const start = this.#at;
    const first = this.#text[start];
    if (first === "{") return this.#object(path, depth + 1, keepLeaf);
    if (first === '"') {
      const text = this.#string();
      if (keepLeaf) this.leaves.push({ path, kind: "string", text });
    } else if (first === "[") {
      this.#array(depth + 1);
      if (keepLeaf) this.leaves.push({ path, kind: "array", text: arrayText(this.#text.slice(start, this.#at)) });
    } else {
      const text = this.#match(NUMBER) ?? this.#word();
      if (keepLeaf && text !== "null") this.leaves.push({ path, kind: "bare", text });
    }
  }

  #word(): string {
    for (const word of ["true", "false", "null"])
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return word;
      }
    throw new NotJson();
  }
}

type JsonWithSource = (text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown) => unknown;
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** An array as written; one with escapes is written anew, so that what they hide can be masked. */
const arrayText = (source: string): string => {
  if (!source.includes("\\")) return source;
  const parse = JSON.parse as JsonWithSource;
  return JSON.stringify(parse(source, (_, value, { source: written }) => (typeof value === "number" ? rawJSON(written!) : value)));
};

/** The leaves in the order of the text, or undefined when it is not one JSON object. */
export const parseJsonLeaves = (text: string): Leaf[] | undefined => {
  const parser = new LeafParser(text);
  try {
    parser.parse();
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
  return parser.leaves;
};
