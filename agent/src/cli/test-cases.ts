/** `obs-agent test`: lines in, expected records out, through the row pass that `run` uses. */

import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { isNode, LineCounter, parseDocument } from "yaml";
import { z } from "../core/zod.ts";
import type { ConfigFile } from "../config/schema.ts";
import { AgentError } from "../errors.ts";
import { requireFile } from "./configuration.ts";
import { listOf, switchOf, type Invocation } from "./definition.ts";
import { painter, type Paint } from "./paint.ts";
import { differencesOf, expectedRecord, type Difference } from "./test-differences.ts";
import { recordsOfLines } from "./test-run.ts";

const caseSchema = z.strictObject({
  name: z.string().min(1),
  input: z.union([z.string(), z.array(z.string())]),
  expect: z.array(expectedRecord),
  path: z.string().optional(),
  service: z.string().optional(),
  environment: z.string().optional(),
  host: z.string().optional(),
  now: z.string().refine((text) => !Number.isNaN(Date.parse(text)), { message: "expected a time such as 2026-11-22T10:00:00Z" }).optional(),
});

export type TestCase = z.output<typeof caseSchema> & { readonly where: string };

export interface TestResult {
  readonly where: string;
  readonly name: string;
  readonly passed: boolean;
  readonly differences: readonly Difference[];
}

/** Throws AgentError(config_invalid) that lists everything that is wrong with the file. */
export const readCases = async (path: string): Promise<TestCase[]> => {
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new AgentError("config_invalid", `${path}: ${(cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : cause.message}`, { cause });
  });
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (at: readonly PropertyKey[]): number => {
    for (let depth = at.length; depth > 0; depth--) {
      const node = document.getIn(at.slice(0, depth), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const faults = document.errors.map(({ message, pos }) => `${path}:${lines.linePos(pos[0]).line}: ${message}`);
  if (faults.length === 0) {
    const checked = z.array(caseSchema).safeParse(document.toJS());
    if (checked.success) return checked.data.map((found, index) => ({ ...found, where: `${path}:${lineOf([index])}` }));
    faults.push(...checked.error.issues.map(({ path: at, message }) => `${path}:${lineOf(at)}: ${at.join(".")}: ${message}`));
  }
  throw new AgentError("config_invalid", faults.join("\n  "));
};

export const runCase = async (config: Pick<ConfigFile, "batch" | "mask" | "files" | "environment">, { where, name, input, expect, path, now, ...resource }: TestCase): Promise<TestResult> => {
  const text = typeof input === "string" ? input : input.map((line) => `${line}\n`).join("");
  const records = await recordsOfLines(config, text, { ...resource, path, host: resource.host ?? hostname() }, now === undefined ? Date.now() : Date.parse(now));
  const differences = differencesOf(expect, records);
  return { where, name, passed: differences.length === 0, differences };
};

const reportOf = ({ where, name, passed, differences }: TestResult, paint: Paint): string => {
  if (passed) return `${paint("green", "ok  ")} ${name}\n`;
  const lines = differences.flatMap(({ at, expected, found }) => [`     ${at}`, paint("green", `       - ${expected}`), paint("red", `       + ${found}`)]);
  return `${paint("red", "FAIL")} ${name} ${paint("dim", `(${where})`)}\n${lines.join("\n")}\n`;
};

export const testCases = async (invocation: Invocation): Promise<number> => {
  const config = await requireFile(listOf(invocation, "config"));
  const results: TestResult[] = [];
  for (const file of invocation.args) for (const found of await readCases(file)) results.push(await runCase(config, found));
  const failed = results.filter(({ passed }) => !passed).length;
  const paint = painter(process.stdout);
  if (switchOf(invocation, "json")) process.stdout.write(`${JSON.stringify({ passed: results.length - failed, failed, cases: results })}\n`);
  else process.stdout.write(`${results.map((result) => reportOf(result, paint)).join("")}${results.length - failed} passed, ${failed} failed (- expected, + found)\n`);
  return failed === 0 ? 0 : 1;
};
