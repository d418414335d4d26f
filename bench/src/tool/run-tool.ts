/**
 * The frame of every proof tool: flags, scratch folder, children, deadline, and one JSON object as
 * the last line of stdout. Whatever happens, the children end and the scratch folder goes.
 *
 * Exit code: 0 passed, 1 the proof failed or could not be made, 2 wrong flags.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveBaseline } from "./baseline.ts";
import { Children } from "./children.ts";
import { describeOptions, parseOptions, UsageError } from "./options.ts";
import type { Options, OptionValues } from "./options.ts";
import { Progress } from "./progress.ts";

const COMMON = {
  json: { type: "boolean", description: "print one line of JSON as the last line of stdout" },
  keep: { type: "boolean", description: "keep the scratch folder and name it" },
  dir: { type: "string", default: "", description: "where the scratch folder is made; the system's temporary folder when not given" },
  save: { type: "boolean", description: "store the result as the committed baseline in bench/results" },
  help: { type: "boolean", description: "show this" },
} as const satisfies Options;

export interface ToolContext<O extends Options> {
  readonly options: OptionValues<O>;
  /** A folder of this run's own. */
  readonly scratch: string;
  readonly children: Children;
  readonly progress: Progress;
  /** Aborts on SIGINT, SIGTERM and at the tool's deadline. */
  readonly signal: AbortSignal;
}

export interface Outcome {
  readonly result: Readonly<Record<string, unknown>>;
  /** False: the figures are true and the proof failed. */
  readonly passed: boolean;
}

export interface Tool<O extends Options> {
  readonly name: string;
  readonly description: string;
  readonly options: O;
  /** Upper bound of a run's time; no tool runs for ever. */
  readonly deadlineMs?: (options: OptionValues<O>) => number;
  run(context: ToolContext<O>): Promise<Outcome>;
}

const DEFAULT_DEADLINE_MS = 30 * 60_000;

export const runTool = async <O extends Options>(tool: Tool<O>, argv: readonly string[] = process.argv.slice(2)): Promise<void> => {
  const all = { ...tool.options, ...COMMON };
  let values: OptionValues<typeof COMMON> & OptionValues<O>;
  try {
    values = parseOptions(all, argv) as unknown as typeof values;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${tool.name}: ${error.message}\n\n${usage(tool, all)}\n`);
    process.exitCode = 2;
    return;
  }
  if (values.help) {
    process.stdout.write(`${usage(tool, all)}\n`);
    return;
  }
  process.exitCode = await runOnce(tool, values);
  // A pooled socket or a pipe of a child that was killed must not hold the tool open.
  process.exit();
};

const usage = (tool: { readonly name: string; readonly description: string }, all: Options): string =>
  `${tool.name}: ${tool.description}\n${describeOptions(all)}`;

const runOnce = async <O extends Options>(tool: Tool<O>, values: OptionValues<typeof COMMON> & OptionValues<O>): Promise<number> => {
  const progress = new Progress(tool.name);
  const scratch = await mkdtemp(join(values.dir || tmpdir(), `obs-${tool.name}-`));
  const children = new Children(scratch);
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => stop.abort(new Error(`stopped by ${signal}`));
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const deadlineMs = tool.deadlineMs?.(values) ?? DEFAULT_DEADLINE_MS;
  const deadline = setTimeout(() => stop.abort(new Error(`not finished within ${Math.round(deadlineMs / 1000)} s`)), deadlineMs);
  try {
    const outcome = await tool.run({ options: values, scratch, children, progress, signal: stop.signal });
    progress.clear();
    if (values.save) progress.note(`saved ${await saveBaseline(tool.name, values, outcome.result)}`);
    process.stdout.write(`${JSON.stringify(outcome.result, undefined, values.json ? undefined : 2)}\n`);
    return outcome.passed ? 0 : 1;
  } catch (error) {
    progress.note(explain(stop.signal.aborted ? stop.signal.reason : error));
    for (const tail of await children.logTails()) progress.note(tail);
    return 1;
  } finally {
    clearTimeout(deadline);
    await children.stopAll();
    if (values.keep) progress.note(`kept ${scratch}`);
    else await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
};

const explain = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
