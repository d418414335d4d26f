/** A user's own parser: a module whose default export makes fields of a line. */

import type { LineParserFunction } from "../plugin.ts";
import { loadTrustedModule } from "./trusted-module.ts";

export class CustomParser {
  /** As the configuration names it. */
  readonly file: string;
  /** Changes when the file does. */
  readonly version: string;
  readonly #parse: LineParserFunction;
  #failures = 0;
  #onFailure: (error: unknown) => void = () => {};

  constructor(file: string, version: string, parse: LineParserFunction) {
    this.file = file;
    this.version = version;
    this.#parse = parse;
  }

  /** How many lines it has thrown at. */
  get failures(): number {
    return this.#failures;
  }

  onFailure(listener: (error: unknown) => void): void {
    this.#onFailure = listener;
  }

  /** Fields by name, nested ones dotted; undefined when the line is none of its, or it has failed. */
  parse(line: string): [string, string][] | undefined {
    try {
      const fields: unknown = this.#parse(line);
      if (fields === undefined || fields === null) return undefined;
      if (typeof fields !== "object" || Array.isArray(fields) || fields instanceof Promise) throw new TypeError("the parser must give back an object of fields, or nothing");
      return [...leavesOf(fields, "", 0)];
    } catch (error) {
      this.#failures++;
      this.#onFailure(error);
      return undefined;
    }
  }
}

const MAX_DEPTH = 16;

function* leavesOf(value: object, prefix: string, depth: number): Generator<[string, string]> {
  for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
    if (inner === undefined || inner === null) continue;
    if (inner instanceof Date) yield [prefix + name, Number.isNaN(inner.getTime()) ? "" : inner.toISOString()];
    else if (typeof inner !== "object") yield [prefix + name, String(inner)];
    else if (Array.isArray(inner) || depth === MAX_DEPTH) yield [prefix + name, JSON.stringify(inner)];
    else yield* leavesOf(inner, `${prefix}${name}.`, depth + 1);
  }
}

/** Throws Error that says what is wrong with the file, and what to do. */
export const loadCustomParser = async (file: string): Promise<CustomParser> => {
  const { exported, version } = await loadTrustedModule(file);
  if (typeof exported !== "function") throw new Error("its default export must be a function that takes a line");
  return new CustomParser(file, version, exported as LineParserFunction);
};
