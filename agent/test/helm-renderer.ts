/**
 * `helm template` for the constructs that our chart uses, for machines without helm: define, include,
 * if/else, with, pipelines of functions, and trimming of white space. An unknown construct throws.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";

export interface Release {
  readonly name: string;
  readonly namespace: string;
}

type Scope = Readonly<Record<string, unknown>>;
type Block = { readonly kind: "text"; readonly text: string } | { readonly kind: "print"; readonly pipeline: string } | Branch;
interface Branch {
  readonly kind: "if" | "with" | "define";
  readonly argument: string;
  readonly body: Block[];
  readonly otherwise: Block[];
}

const isFilled = (value: unknown): boolean => Boolean(value) && (typeof value !== "object" || Object.keys(value as object).length > 0);

const indented = (spaces: unknown, text: unknown): string => String(text).replace(/^/gm, " ".repeat(Number(spaces)));

/** Arguments in helm's order: what is piped in comes last. */
const FUNCTIONS: Readonly<Record<string, (...args: unknown[]) => unknown>> = {
  quote: (value) => JSON.stringify(String(value)),
  nindent: (spaces, text) => `\n${indented(spaces, text)}`,
  toYaml: (value) => stringify(value).trimEnd(),
  default: (fallback, value) => (isFilled(value) ? value : fallback),
  trunc: (length, text) => String(text).slice(0, Number(length)),
  trimSuffix: (suffix, text) => (String(text).endsWith(String(suffix)) ? String(text).slice(0, -String(suffix).length) : text),
  not: (value) => !isFilled(value),
  required: (message, value) => {
    if (isFilled(value)) return value;
    throw new Error(String(message));
  },
};

/** Text and actions; `{{-` and `-}}` take the white space beside them away. */
const tokensOf = (template: string): (string | { readonly action: string })[] => {
  const tokens: (string | { readonly action: string })[] = [];
  let at = 0;
  let trims = false;
  for (const match of template.matchAll(/\{\{(-?)\s*([^]*?)\s*(-?)\}\}/g)) {
    const text = template.slice(at, match.index);
    const left = trims ? text.trimStart() : text;
    tokens.push(match[1] ? left.trimEnd() : left, { action: match[2]! });
    trims = match[3] === "-";
    at = match.index + match[0].length;
  }
  tokens.push(trims ? template.slice(at).trimStart() : template.slice(at));
  return tokens;
};

const blocksOf = (template: string): Block[] => {
  const top: Block[] = [];
  const open: { readonly branch: Branch; into: Block[] }[] = [];
  const add = (block: Block): void => void (open.at(-1)?.into ?? top).push(block);
  for (const token of tokensOf(template)) {
    if (typeof token === "string") {
      add({ kind: "text", text: token });
      continue;
    }
    const [, word, argument] = /^(\S+)\s*([^]*)$/.exec(token.action)!;
    if (word === "if" || word === "with" || word === "define") {
      const branch: Branch = { kind: word, argument: argument!, body: [], otherwise: [] };
      add(branch);
      open.push({ branch, into: branch.body });
    } else if (word === "else") open.at(-1)!.into = open.at(-1)!.branch.otherwise;
    else if (word === "end") open.pop();
    else add({ kind: "print", pipeline: token.action });
  }
  if (open.length > 0) throw new Error("a block is not ended");
  return top;
};

class Renderer {
  readonly #defined = new Map<string, Block[]>();

  define(blocks: readonly Block[]): void {
    for (const block of blocks) if (block.kind === "define") this.#defined.set(JSON.parse(block.argument) as string, block.body);
  }

  render(blocks: readonly Block[], scope: unknown): string {
    return blocks
      .map((block) => {
        if (block.kind === "text") return block.text;
        if (block.kind === "define") return "";
        if (block.kind === "print") return String(this.#pipeline(block.pipeline, scope));
        const value = this.#pipeline(block.argument, scope);
        return this.render(isFilled(value) ? block.body : block.otherwise, block.kind === "with" && isFilled(value) ? value : scope);
      })
      .join("");
  }

  #pipeline(text: string, scope: unknown): unknown {
    const words = text.match(/"(?:[^"\\]|\\.)*"|[()|]|[^\s()|]+/g)!;
    let at = 0;
    const sequence = (): unknown => {
      let value = call(undefined);
      while (words[at] === "|") {
        at++;
        value = call({ value });
      }
      return value;
    };
    const operand = (): unknown => {
      const word = words[at++]!;
      if (word === "(") {
        const value = sequence();
        at++;
        return value;
      }
      if (word.startsWith('"')) return JSON.parse(word);
      if (/^\d+$/.test(word)) return Number(word);
      if (!word.startsWith(".")) throw new Error(`unknown word in a template: ${word}`);
      return word.split(".").filter(Boolean).reduce<unknown>((value, name) => (value as Scope | undefined)?.[name], scope);
    };
    const call = (piped: { readonly value: unknown } | undefined): unknown => {
      const word = words[at]!;
      if (word !== "include" && !Object.hasOwn(FUNCTIONS, word)) return operand();
      at++;
      const args: unknown[] = [];
      while (at < words.length && words[at] !== ")" && words[at] !== "|") args.push(operand());
      if (piped) args.push(piped.value);
      if (word === "include") return this.render(this.#defined.get(String(args[0]))!, args[1]);
      return FUNCTIONS[word]!(...args);
    };
    return sequence();
  }
}

const isMapping = (value: unknown): value is Scope => typeof value === "object" && value !== null && !Array.isArray(value);

/** Values over the chart's own, mapping by mapping. */
const mergeValues = (below: unknown, above: unknown): unknown => {
  if (!isMapping(below) || !isMapping(above)) return above === undefined ? below : above;
  const merged: Record<string, unknown> = { ...below };
  for (const [name, value] of Object.entries(above)) merged[name] = mergeValues(merged[name], value);
  return merged;
};

/** The chart's manifests, one text per template. */
export const renderChart = (folder: string, values: Scope, release: Release): Record<string, string> => {
  const read = (...names: string[]): string => readFileSync(join(folder, ...names), "utf8");
  const chart = parse(read("Chart.yaml")) as { name: string; appVersion: string };
  const scope = { Values: mergeValues(parse(read("values.yaml")), values), Release: { Name: release.name, Namespace: release.namespace, Service: "Helm" }, Chart: { Name: chart.name, AppVersion: chart.appVersion } };
  const names = readdirSync(join(folder, "templates")).sort();
  const renderer = new Renderer();
  const templates = names.map((name) => [name, blocksOf(read("templates", name))] as const);
  for (const [, blocks] of templates) renderer.define(blocks);
  return Object.fromEntries(templates.filter(([name]) => !name.startsWith("_")).map(([name, blocks]) => [name, renderer.render(blocks, scope)]));
};
