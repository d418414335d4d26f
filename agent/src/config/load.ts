/**
 * Reads configuration files and folders, puts them together, and checks them whole: every error is
 * reported at once, with file, line and path.
 */

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from "yaml";
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

export type LoadResult = { readonly config: ConfigFile } | { readonly errors: readonly ConfigError[] };

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
  if (!checked.success) errors.push(...checked.error.issues.flatMap((issue) => explain(issue, files)));
  return checked.success && errors.length === 0 ? { config: checked.data } : { errors };
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
  const value = document.contents === null ? {} : valueOf(document.contents, environment, (node, message) => errors.push({ where: whereIs(name, lines, node), path: "", message }));
  return { name, document, lines, value };
};

const whereIs = (name: string, lines: LineCounter, node: Node | null | undefined): string => (node?.range ? `${name}:${lines.linePos(node.range[0]).line}` : name);

/** The node as a value, with variables put in. */
const valueOf = (node: unknown, environment: Environment, report: (node: Node, message: string) => void): unknown => {
  if (isMap(node)) return Object.fromEntries(node.items.map(({ key, value }) => [String(isScalar(key) ? key.value : key), valueOf(value, environment, report)]));
  if (isSeq(node)) return node.items.map((item) => valueOf(item, environment, report));
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

const explain = (issue: z.core.$ZodIssue, files: readonly ReadFile[]): ConfigError[] => {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => {
      const nearest = nearestName(key, knownNames(path));
      return { ...locate([...path, key], files), message: `unknown option${nearest ? `: did you mean ${nearest}?` : ` (known: ${knownNames(path).join(", ")})`}` };
    });
  // Of options that take a word or a mapping: what is wrong in the mapping, when it is one.
  const mapping = issue.code === "invalid_union" ? issue.errors.find((faults) => faults.every(({ code, path: within }) => within.length > 0 || code === "unrecognized_keys")) : undefined;
  if (mapping) return mapping.flatMap((fault) => explain({ ...fault, path: [...issue.path, ...fault.path] }, files));
  return [{ ...locate(path, files), message: issue.message }];
};

/** Where a path stands: the file that has most of it. Items of a list that several files gave are counted through. */
const locate = (path: Path, files: readonly ReadFile[]): Pick<ConfigError, "where" | "path"> => {
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
  return { where: best.where, path: path.join(".") };
};
