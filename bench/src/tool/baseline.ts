/** Committed baselines: one JSON file per tool in bench/results, and the table made from them. */

import { readdir, readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const RESULTS = fileURLToPath(new URL("../../results/", import.meta.url));

/** Of a whole result only what a table can hold: numbers, by dotted path. */
const numbersOf = (value: unknown, path: readonly string[] = []): [path: string, value: number][] => {
  if (typeof value === "number") return [[path.join("."), value]];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => numbersOf(inner, [...path, key]));
};

interface Baseline {
  readonly tool: string;
  readonly date: string;
  readonly machine: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly result: Readonly<Record<string, unknown>>;
}

const describeMachine = (): string => `${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.versions.node}`;

/** `chaos --fault orphan` and plain `chaos` are two baselines. */
const baselineName = (tool: string, options: Readonly<Record<string, unknown>>): string =>
  [tool, options["fault"]].filter((part) => typeof part === "string" && part !== "").join("-");

const tableOf = ({ tool, date, machine, options, result }: Baseline): string => {
  const flags = Object.entries(options)
    .filter(([name, value]) => value !== "" && value !== false && !["json", "save", "keep", "dir", "help"].includes(name))
    .map(([name, value]) => (value === true ? `--${name}` : `--${name} ${String(value)}`));
  const rows = numbersOf(result).map(([name, value]) => `| ${name} | ${value} |`);
  return [`## ${tool}`, "", `\`${[tool, ...flags].join(" ")}\`, ${date}, ${machine}`, "", "| figure | value |", "|---|---|", ...rows, ""].join("\n");
};

/** Writes the baseline and makes the table anew. Returns the file's path, relative to where the tool was started. */
export const saveBaseline = async (
  tool: string,
  options: Readonly<Record<string, unknown>>,
  result: Readonly<Record<string, unknown>>,
): Promise<string> => {
  const file = join(RESULTS, `${baselineName(tool, options)}.json`);
  const baseline: Baseline = { tool, date: new Date().toISOString().slice(0, 10), machine: describeMachine(), options, result };
  await writeFile(file, `${JSON.stringify(baseline, undefined, 2)}\n`);
  await writeTable();
  return relative(process.cwd(), file);
};

const writeTable = async (): Promise<void> => {
  const files = (await readdir(RESULTS)).filter((name) => name.endsWith(".json")).sort();
  const baselines = await Promise.all(files.map(async (name) => JSON.parse(await readFile(join(RESULTS, name), "utf8")) as Baseline));
  const header = "# Committed baselines\n\nMade by `--save` of each tool from the JSON files beside this table; never edited by hand.\n\n";
  await writeFile(join(RESULTS, "README.md"), header + baselines.map(tableOf).join("\n"));
};
