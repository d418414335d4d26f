/**
 * Shapes of JSON lines that were seen: a trie whose edges are the bytes between two values, such as
 * `{"timestamp":"` and `","level":"`, and whose nodes say what the value after them is. A line that
 * follows a known path needs no key look-up at all: the node knows the attribute's key. Whatever is
 * odd about a shape (two equal keys, escapes in a key, ...) keeps it from being learned; its lines
 * take the slow path.
 */

import { ROLE, ROLE_OF_PATH, type Role } from "../parsers/fields.ts";
import type { Arena } from "./arena.ts";
import type { KeyDictionary } from "./dictionary.ts";
import type { Scanner } from "./scan.ts";

export const KIND = { STRING: 1, BARE: 2, ARRAY: 3, END: 4 } as const;

/** Fields of a node in `ShapeTrie.nodes`; a node's index is a multiple of STRIDE, 0 is the root. */
export const STRIDE = 8;
export const LITERAL_START = 0;
export const LITERAL_LENGTH = 1;
export const VALUE_KIND = 2;
export const VALUE_ROLE = 3;
export const SIBLING = 4;
export const CHILD = 5;
export const KEY = 6;

const MAX_NODES = 8192;
const MAX_LITERAL_BYTES = 1 << 19;
export const NODE_BYTES = MAX_NODES * STRIDE * 4;
export const LITERAL_BYTES = MAX_LITERAL_BYTES;
/** A shape with more variants at one place is data in keys; walking the siblings would be slow. */
const MAX_SIBLINGS = 16;
const MAX_LEAVES = 256;
const MAX_DEPTH = 16;

interface Token {
  readonly literalStart: number;
  readonly literalEnd: number;
  readonly kind: number;
  readonly path: string;
}

export class ShapeTrie {
  readonly nodes: Int32Array;
  readonly literals: Uint8Array;
  readonly literalView: DataView;
  #nodeCount = 1;
  #literalEnd = 0;
  readonly #arena: Arena;
  readonly #scanner: Scanner;
  readonly #keys: KeyDictionary;

  /** `nodes` and `literals`: regions of NODE_BYTES and LITERAL_BYTES. */
  constructor(arena: Arena, scanner: Scanner, keys: KeyDictionary, nodes: number, literals: number) {
    const memory = arena.bytes.buffer;
    this.nodes = new Int32Array(memory, nodes, MAX_NODES * STRIDE);
    this.literals = new Uint8Array(memory, literals, MAX_LITERAL_BYTES + 8);
    this.literalView = new DataView(memory, literals, MAX_LITERAL_BYTES + 8);
    this.#arena = arena;
    this.#scanner = scanner;
    this.#keys = keys;
  }

  clear(): void {
    this.nodes.fill(0, 0, this.#nodeCount * STRIDE);
    this.#nodeCount = 1;
    this.#literalEnd = 0;
  }

  /** Learns the line [from, to), known to be a JSON object. `isPlainKey` may refuse its keys. */
  learn(from: number, to: number, isPlainKey: (key: string) => boolean): void {
    const tokens = new ShapeReader(this.#arena, this.#scanner).read(from, to);
    if (!tokens || tokens.length > MAX_LEAVES || new Set(tokens.map(({ path }) => path)).size < tokens.length) return;
    if (!tokens.every(({ path }) => isPlainKey(path))) return;
    const taken = new Set<Role>();
    let parent = 0;
    for (const { kind, path, literalStart, literalEnd } of tokens) {
      let role = ROLE_OF_PATH.get(path) ?? ROLE.ATTRIBUTE;
      if (kind === KIND.END || taken.has(role)) role = ROLE.ATTRIBUTE;
      if (role !== ROLE.ATTRIBUTE) taken.add(role);
      const node = this.#step(parent, literalStart, literalEnd, kind);
      if (node === 0) return;
      this.nodes[node + VALUE_ROLE] = role;
      if (kind !== KIND.END) this.nodes[node + KEY] = this.#keys.idOf(path);
      parent = node;
    }
  }

  /** The child of `parent` with this literal and kind, made if need be; 0 when there is no room. */
  #step(parent: number, literalStart: number, literalEnd: number, kind: number): number {
    const { nodes, literals } = this;
    const length = literalEnd - literalStart;
    let siblings = 0;
    let last = 0;
    for (let node = nodes[parent + CHILD]!; node !== 0; last = node, node = nodes[node + SIBLING]!, siblings++)
      if (nodes[node + VALUE_KIND] === kind && nodes[node + LITERAL_LENGTH] === length && this.#sameLiteral(node, literalStart)) return node;
    if (siblings >= MAX_SIBLINGS || this.#nodeCount >= MAX_NODES || this.#literalEnd + length > MAX_LITERAL_BYTES) return 0;
    const node = this.#nodeCount++ * STRIDE;
    literals.set(this.#arena.bytes.subarray(literalStart, literalEnd), this.#literalEnd);
    nodes[node + LITERAL_START] = this.#literalEnd;
    nodes[node + LITERAL_LENGTH] = length;
    nodes[node + VALUE_KIND] = kind;
    this.#literalEnd += length;
    if (last === 0) nodes[parent + CHILD] = node;
    else nodes[last + SIBLING] = node;
    return node;
  }

  #sameLiteral(node: number, start: number): boolean {
    const { bytes } = this.#arena;
    const literal = this.nodes[node + LITERAL_START]!;
    for (let index = 0; index < this.nodes[node + LITERAL_LENGTH]!; index++)
      if (this.literals[literal + index] !== bytes[start + index]) return false;
    return true;
  }
}

/** Takes a line apart into the literals before its values; undefined when its shape is odd. */
class ShapeReader {
  readonly #arena: Arena;
  readonly #scanner: Scanner;
  readonly #tokens: Token[] = [];
  #literalStart = 0;
  #at = 0;

  constructor(arena: Arena, scanner: Scanner) {
    this.#arena = arena;
    this.#scanner = scanner;
  }

  read(from: number, to: number): Token[] | undefined {
    this.#at = this.#literalStart = from;
    this.#blank();
    if (!this.#object("", 1)) return undefined;
    this.#blank();
    if (this.#at !== to) return undefined;
    this.#tokens.push({ literalStart: this.#literalStart, literalEnd: to, kind: KIND.END, path: "\0end" });
    return this.#tokens;
  }

  #object(path: string, depth: number): boolean {
    const { bytes } = this.#arena;
    if (depth > MAX_DEPTH || bytes[this.#at++] !== 123) return false;
    this.#blank();
    if (bytes[this.#at] === 125) return this.#at++ > 0;
    for (;;) {
      this.#blank();
      if (bytes[this.#at] !== 34) return false;
      const keyStart = this.#at + 1;
      const keyEnd = this.#scanner.string(keyStart);
      if (keyEnd < 0 || this.#scanner.escaped) return false;
      const key = this.#arena.buffer.toString("utf8", keyStart, keyEnd);
      this.#at = keyEnd + 1;
      this.#blank();
      if (bytes[this.#at++] !== 58) return false;
      this.#blank();
      if (!this.#value(depth === 1 ? key : `${path}.${key}`, depth)) return false;
      this.#blank();
      const next = bytes[this.#at++];
      if (next === 125) return true;
      if (next !== 44) return false;
    }
  }

  #value(path: string, depth: number): boolean {
    const first = this.#arena.bytes[this.#at];
    if (first === 123) return this.#object(path, depth + 1);
    const kind = first === 34 ? KIND.STRING : first === 91 ? KIND.ARRAY : KIND.BARE;
    const start = kind === KIND.STRING ? this.#at + 1 : this.#at;
    const end = kind === KIND.STRING ? this.#scanner.string(start) : kind === KIND.ARRAY ? this.#scanner.array(start) : this.#scanner.bare(start);
    if (end < 0) return false;
    this.#tokens.push({ literalStart: this.#literalStart, literalEnd: start, kind, path });
    this.#literalStart = this.#at = end;
    if (kind === KIND.STRING) this.#at++;
    return true;
  }

  #blank(): void {
    const { bytes } = this.#arena;
    while (bytes[this.#at] === 32 || bytes[this.#at] === 9) this.#at++;
  }
}
