/**
 * Reads configuration files and folders, puts them together, and checks them whole: every error is
 * reported at once, with file, line and path.
 */

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Alias, type Document, type Node } from "yaml";
import type { z } from "zod";
import { interpolate, type Environment } from "./interpolate.ts";
import { nearestName } from "./nearest.ts";
import { knownNames } from "./reference.ts";
import { configSchema, type ConfigFile } from "./schema.ts";

export interface ConfigError {
  /** `file:line`, or "" where there is none. */
  readonly where: string;
  /** Dotted, such as `files.0.include`; "" = the file itself. */
  readonly path: string;
  readonly message: string;
}

/** `file:line` of an option given by its dotted path, or "" where no file has it. */
export type Locate = (path: string) => string;

export type LoadResult =
  | { readonly config: ConfigFile; readonly locate: Locate }
  | {
      readonly errors: readonly ConfigError[];
      /** Options that have errors, or were perhaps meant: nothing more can be said of them. */
      readonly suspects: ReadonlySet<string>;
      /** What is left, for checks that go on: options with errors have their defaults. */
      readonly usable: ConfigFile;
      readonly locate: Locate;
    };

type Path = readonly (string | number)[];

interface ReadFile {
  readonly name: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly value: unknown;
}

export const formatConfigError = ({ where, path, message }: ConfigError): string => [where, path, message].filter((part) => part !== "").join(": ");

/** `paths`: files, and folders whose `*.yaml` and `*.yml` are taken in the order of their names. */
export const loadConfig = async (paths: readonly string[], environment: Environment): Promise<LoadResult> => {
  const errors: ConfigError[] = [];
  const files: ReadFile[] = [];
  for (const path of paths)
    for (const name of await listFiles(path, errors)) {
      const file = await readOne(name, environment, errors);
      if (file) files.push(file);
    }
  // Values that could not be read are reported already; what remains is checked all the same.
  const merged = files.reduce<unknown>((whole, { value }) => merge(whole, value), {});
  const checked = configSchema.safeParse(merged);
  const suspects = new Set<string>();
  if (!checked.success) errors.push(...checked.error.issues.flatMap((issue) => explain(issue, files, merged, suspects)));
  const locateOption: Locate = (path) => {
    const { where, depth } = locate(path.split("."), files);
    return depth === 0 ? "" : where;
  };
  return checked.success && errors.length === 0 ? { config: checked.data, locate: locateOption } : { errors, suspects, usable: usableOf(merged), locate: locateOption };
};

const usableOf = (merged: unknown): ConfigFile => {
  const shape: Readonly<Record<string, z.ZodType>> = configSchema.shape;
  return configSchema.parse(Object.fromEntries(Object.entries(merged as object).filter(([name, value]) => Object.hasOwn(shape, name) && shape[name]!.safeParse(value).success)));
};

/** Of a folder its YAML files, in the order of their names. */
export const listFiles = async (path: string, errors: ConfigError[]): Promise<string[]> => {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter((name) => /\.ya?ml$/.test(name)).sort();
    return names.map((name) => join(path, name));
  } catch (error) {
    errors.push({ where: path, path: "", message: (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file or folder" : (error as Error).message });
    return [];
  }
};

const readOne = async (name: string, environment: Environment, errors: ConfigError[]): Promise<ReadFile | undefined> => {
  const text = await readFile(name, "utf8").catch((error: Error) => void errors.push({ where: name, path: "", message: error.message }));
  if (text === undefined) return undefined;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  for (const { message, pos } of document.errors) errors.push({ where: `${name}:${lines.linePos(pos[0]).line}`, path: "", message });
  if (document.errors.length > 0) return undefined;
  if (document.contents !== null && !isMap(document.contents)) {
    errors.push({ where: name, path: "", message: "expected a mapping of options at the top" });
    return undefined;
  }
  const value = document.contents === null ? {} : valueOf(document.contents, environment, expander(document), (node, message) => errors.push({ where: whereIs(name, lines, node), path: "", message }));
  return { name, document, lines, value };
};

const whereIs = (name: string, lines: LineCounter, node: Node | null | undefined): string => (node?.range ? `${name}:${lines.linePos(node.range[0]).line}` : name);

/** Aliases of one file that are followed: a few lines of them can stand for gigabytes. */
const MAX_ALIASES = 1_000;

/** What an alias stands for; undefined when there are too many. */
type Expand = (alias: Alias) => unknown;

const expander = (document: Document): Expand => {
  let left = MAX_ALIASES;
  return (alias) => (left-- > 0 ? alias.resolve(document) : undefined);
};

/** The node as a value, with variables put in. */
const valueOf = (node: unknown, environment: Environment, expand: Expand, report: (node: Node, message: string) => void): unknown => {
  if (isMap(node)) return Object.fromEntries(node.items.map(({ key, value }) => [String(isScalar(key) ? key.value : key), valueOf(value, environment, expand, report)]));
  if (isSeq(node)) return node.items.map((item) => valueOf(item, environment, expand, report));
  if (isAlias(node)) {
    const target = expand(node);
    if (target !== undefined) return valueOf(target, environment, expand, report);
    report(node, `*${node.source} cannot be followed: aliases may not lead in circles, and there are ${MAX_ALIASES} at most`);
    return undefined;
  }
  if (!isScalar(node)) return undefined;
  if (typeof node.value !== "string") return node.value ?? undefined;
  try {
    return interpolate(node.value, environment);
  } catch (error) {
    report(node, (error as Error).message);
    return undefined;
  }
};

const isMapping = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Later files win; mappings are put together, lists are joined. */
const merge = (earlier: unknown, later: unknown): unknown => {
  if (Array.isArray(earlier) && Array.isArray(later)) return [...(earlier as unknown[]), ...(later as unknown[])];
  if (!isMapping(earlier) || !isMapping(later)) return later === undefined ? earlier : later;
  const whole = { ...earlier };
  for (const [key, value] of Object.entries(later)) whole[key] = Object.hasOwn(whole, key) ? merge(whole[key], value) : value;
  return whole;
};

const valueAt = (whole: unknown, path: Path): unknown => path.reduce<unknown>((at, part) => (typeof at === "object" && at !== null ? (at as Record<string | number, unknown>)[part] : undefined), whole);

const meant = (value: unknown, known: readonly unknown[]): string => {
  const nearest = typeof value === "string" ? nearestName(value, known.map(String)) : undefined;
  return nearest === undefined ? "" : `: did you mean ${nearest}?`;
};

/** In words of the file. What may be a secret is not said again. */
const messageOf = (issue: z.core.$ZodIssue, found: unknown): string => {
  const value = found !== undefined && issue.path.some((part) => /key|token|secret|passw/i.test(String(part))) ? "(not shown)" : found;
  if (issue.code === "invalid_value") return `expected one of ${issue.values.map(String).join(", ")}${value === undefined ? "" : `, found ${JSON.stringify(value)}${meant(value, issue.values)}`}`;
  if (issue.code !== "invalid_type") return issue.message;
  const wanted = { array: "a list", object: "a mapping", record: "a mapping", string: "text" }[issue.expected as string] ?? issue.expected;
  return value === undefined ? `is missing: ${wanted}` : `expected ${wanted}, found ${JSON.stringify(value)}`;
};

const explain = (issue: z.core.$ZodIssue, files: readonly ReadFile[], merged: unknown, suspects: Set<string>): ConfigError[] => {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const reportAt = (at: Path, message: string): ConfigError => {
    suspects.add(String(at[0]));
    const { where } = locate(at, files);
    return { where, path: at.join("."), message };
  };
  // Of options that take a word or a mapping: what is wrong in the mapping, when it is one.
  const mapping = issue.code === "invalid_union" ? issue.errors.find((faults) => faults.every(({ code, path: within }) => within.length > 0 || code === "unrecognized_keys")) : undefined;
  if (mapping) return mapping.flatMap((fault) => explain({ ...fault, path: [...issue.path, ...fault.path] }, files, merged, suspects));
  if (issue.code !== "unrecognized_keys") return [reportAt(path, messageOf(issue, valueAt(merged, path)))];
  const known = knownNames(path);
  return issue.keys.map((key) => {
    const nearest = nearestName(key, known);
    if (nearest !== undefined && path.length === 0) suspects.add(nearest);
    return reportAt([...path, key], `unknown option${nearest === undefined ? ` (known: ${known.join(", ")})` : `: did you mean ${nearest}?`}`);
  });
};

/** Where a path stands: the file that has most of it. Items of a list that several files gave are counted through. */
const locate = (path: Path, files: readonly ReadFile[]): { readonly where: string; readonly depth: number } => {
  let best = { depth: 0, where: files.length === 1 ? files[0]!.name : "" };
  let skipped = 0;
  for (const { name, document, lines, value } of files) {
    const list = (value as Record<string, unknown>)[String(path[0])];
    const own = Array.isArray(list) && typeof path[1] === "number" ? [path[0]!, path[1] - skipped, ...path.slice(2)] : [...path];
    if (Array.isArray(list)) skipped += list.length;
    for (let depth = own.length; depth > best.depth; depth--) {
      const node = document.getIn(own.slice(0, depth), true);
      if (node !== undefined) best = { depth, where: whereIs(name, lines, node as Node) };
    }
  }
  return best;
};
