/**
 * How long it takes until a line is found: append a line to a tailed file, poll the search API
 * until it answers with it. A try includes everything: noticing the write, batching, the durable
 * buffer, sending, the insert, the search, and what is left of a poll interval.
 */

import { randomBytes } from "node:crypto";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { agentProcess } from "./system/agent.ts";
import { startAllInOne } from "./system/all-in-one.ts";
import type { Installation } from "./system/all-in-one.ts";
import { runTool } from "./tool/run-tool.ts";
import type { ToolContext } from "./tool/run-tool.ts";
import { percentile, rounded } from "./tool/statistics.ts";

const POLL_MS = 15;
const TRY_LIMIT_MS = 30_000;
/** Tries start out of step with the agent's flush interval. */
const PAUSE_MS = { least: 100, spread: 500 };

const OPTIONS = {
  tries: { type: "integer", default: 100, min: 1, max: 10_000, description: "lines to look for" },
  url: { type: "string", default: "", description: "a running backend; without it, one is started with default settings" },
  key: { type: "string", default: "", description: "API key for --url, with scopes ingest and query" },
} as const;

type Context = ToolContext<typeof OPTIONS>;

interface SearchAnswer {
  readonly hits: { readonly logs: readonly { readonly message: string }[] };
}

const search = async ({ url, apiKey }: Installation, word: string, signal: AbortSignal): Promise<boolean> => {
  const response = await fetch(`${url}/api/v1/logs/search`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ query: word, time_range: { start: "now-5m", end: "now" }, size: 1 }),
    signal,
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`the search answered ${response.status}: ${body.slice(0, 300)}`);
  return (JSON.parse(body) as SearchAnswer).hits.logs.some(({ message }) => message.includes(word));
};

/** Milliseconds from the write to the first answer that holds the line; undefined when there was none in time. */
const probe = async (installation: Installation, file: string, word: string, signal: AbortSignal): Promise<number | undefined> => {
  const line = { timestamp: new Date().toISOString(), level: "INFO", service: "probe", message: `looking for ${word}` };
  const startedMs = performance.now();
  appendFileSync(file, `${JSON.stringify(line)}\n`);
  while (performance.now() - startedMs < TRY_LIMIT_MS) {
    if (await search(installation, word, signal)) return performance.now() - startedMs;
    await sleep(POLL_MS, undefined, { signal });
  }
  return undefined;
};

const installationOf = async ({ options, scratch, children, signal }: Context): Promise<Installation> => {
  if (options.url === "") return await startAllInOne(children, scratch, signal);
  if (options.key === "") throw new Error("--url needs --key: an API key with the scopes ingest and query");
  return { url: options.url.replace(/\/$/, ""), apiKey: options.key };
};

const run = async (context: Context): Promise<{ result: Record<string, unknown>; passed: boolean }> => {
  const { options, scratch, children, progress, signal } = context;
  const file = join(scratch, "probe.log");
  writeFileSync(file, "");
  progress.update("starting");
  const installation = await installationOf(context);
  children.start(
    agentProcess({ name: "agent", folder: join(scratch, "agent"), endpoint: installation.url, apiKey: installation.apiKey, include: [file] }),
  );
  const nonce = `p${randomBytes(5).toString("hex")}`;
  // The first line waits for the agent's start, which is not what is measured.
  if ((await probe(installation, file, `${nonce}x0`, signal)) === undefined) throw new Error(`the first line was not found within ${TRY_LIMIT_MS / 1000} s`);
  const latencies: number[] = [];
  for (let i = 1; i <= options.tries; i++) {
    await sleep(PAUSE_MS.least + Math.random() * PAUSE_MS.spread, undefined, { signal });
    const latency = await probe(installation, file, `${nonce}x${i}`, signal);
    if (latency !== undefined) latencies.push(latency);
    progress.update(`${i} of ${options.tries}, last ${latency === undefined ? "not found" : `${Math.round(latency)} ms`}`);
  }
  if (latencies.length === 0) throw new Error("no line was found");
  const figure = (share: number): number => rounded(percentile(latencies, share), 1);
  return {
    result: { p50Ms: figure(0.5), p95Ms: figure(0.95), maxMs: figure(1), minMs: figure(0), tries: options.tries, notFound: options.tries - latencies.length },
    passed: latencies.length === options.tries,
  };
};

await runTool({
  name: "probe-latency",
  description: "Measures the time from a line in a file to its appearance in the search API.",
  options: OPTIONS,
  deadlineMs: ({ tries }) => 120_000 + tries * TRY_LIMIT_MS,
  run,
});
