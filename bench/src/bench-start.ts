/** How long the agent needs from its start until it answers on /livez, and how much CPU. */

import { mkdirSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { get } from "node:http";
import { join } from "node:path";
import { AGENT_CLI, agentProcess, publishedAgentCli } from "./system/agent.ts";
import type { Child } from "./tool/children.ts";
import { freePort } from "./tool/free-port.ts";
import { runTool } from "./tool/run-tool.ts";
import type { ToolContext } from "./tool/run-tool.ts";
import { median, percentile, rounded } from "./tool/statistics.ts";
import { CostMeter, waitUntil } from "./tool/watch-process.ts";

const OPTIONS = {
  runs: { type: "integer", default: 15, min: 1, max: 200, description: "starts of each form; figures are medians" },
} as const;

type Context = ToolContext<typeof OPTIONS>;

const POLL_MS = 2;
const START_LIMIT_MS = 30_000;
const TARGETS = { startMs: 400 };

interface Start {
  readonly startMs: number;
  readonly cpuSeconds: number;
  readonly rssMB: number;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    get({ host: "127.0.0.1", port, path: "/livez", agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on("error", () => resolve(false));
  });

const untilAlive = (context: Context, agent: Child, port: number): Promise<void> =>
  waitUntil(() => answers(port), { pollMs: POLL_MS, signal: context.signal, watched: { agent: () => agent }, limit: { ms: START_LIMIT_MS, late: () => `/livez did not answer within ${START_LIMIT_MS / 1000} s` } });

/** A first start on a new data folder, with one file to follow and a backend that is away. */
const startOnce = async (context: Context, script: string, name: string): Promise<Start> => {
  const folder = join(context.scratch, name);
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const log = join(folder, "app.log");
  writeFileSync(log, "one line\n");
  const options = agentProcess({
    name,
    folder,
    endpoint: "http://127.0.0.1:9",
    apiKey: "obs_i_bench",
    include: [log],
    more: { admin: { listen: `127.0.0.1:${port}` } },
  });
  const spawned = performance.now();
  const agent = context.children.start({ ...options, script });
  try {
    await untilAlive(context, agent, port);
    return { startMs: performance.now() - spawned, ...new CostMeter(agent).now() };
  } finally {
    await agent.kill();
    await rm(folder, { recursive: true, force: true });
  }
};

const summarize = (starts: readonly Start[]) => ({
  startMs: Math.round(median(starts.map(({ startMs }) => startMs))),
  p95Ms: Math.round(percentile(starts.map(({ startMs }) => startMs), 0.95)),
  bestMs: Math.round(Math.min(...starts.map(({ startMs }) => startMs))),
  cpuSeconds: rounded(median(starts.map((start) => start.cpuSeconds)), 2),
  rssMB: rounded(median(starts.map(({ rssMB }) => rssMB)), 1),
});

await runTool({
  name: "bench-start",
  description: "Measures how long the agent needs to start.",
  options: OPTIONS,
  run: async (context) => {
    const forms = { published: publishedAgentCli(), checkout: AGENT_CLI };
    const starts = Object.keys(forms).map((form) => ({ form, runs: [] as Start[] }));
    // The first start of a checkout compiles what the cache of Node does not hold yet; it is not counted.
    for (let turn = 0; turn <= context.options.runs; turn++)
      for (const { form, runs } of starts) {
        context.progress.update(`start ${turn} of ${context.options.runs}, ${form}`);
        const start = await startOnce(context, forms[form as keyof typeof forms]!, `${form}-${turn}`);
        if (turn > 0) runs.push(start);
      }
    const [first, checkout] = starts.map(({ runs }) => summarize(runs));
    return { result: { ...first, runs: context.options.runs, checkout, targets: TARGETS }, passed: true };
  },
});
