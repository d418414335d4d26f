/**
 * A user's own parser: a module whose default export makes fields of a line. It runs inside the agent, so
 * only a module that nobody but the agent's user, or root, can have written is loaded.
 */

import { realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { LineParserFunction } from "../plugin.ts";

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

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
  const path = await realpath(resolve(file)).catch((error: NodeJS.ErrnoException) => {
    throw new Error(error.code === "ENOENT" ? "there is no such file" : error.message);
  });
  const { mtimeMs, ino, size } = await requireTrusted(path);
  const version = `${ino}-${size}-${mtimeMs}`;
  // Node keeps what it has imported: another version is another address.
  const loaded = (await import(`${pathToFileURL(path).href}?version=${version}`).catch((error: unknown) => {
    throw new Error(`it cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  })) as { readonly default?: unknown };
  if (typeof loaded.default !== "function") throw new Error("its default export must be a function that takes a line");
  return new CustomParser(file, version, loaded.default as LineParserFunction);
};

/** The file and every folder above it: who can rename a folder can put another file there. */
const requireTrusted = async (path: string) => {
  const facts = await stat(path);
  const user = process.getuid?.();
  if (user === undefined) return facts;
  for (let at = path, found = facts; ; at = dirname(at), found = await stat(at)) {
    if (found.uid !== user && found.uid !== 0) throw new Error(`${at} belongs to another user: it must belong to root or to the user that the agent runs as (chown)`);
    // In a folder like /tmp nobody can rename what is another's.
    const isSticky = at !== path && (found.mode & STICKY) !== 0;
    if ((found.mode & WRITABLE_BY_OTHERS) !== 0 && !isSticky) throw new Error(`${at} can be written by others: take their right away (chmod go-w ${at})`);
    if (dirname(at) === at) return facts;
  }
};
