/**
 * The agent of this machine as a child: the program that other hosts run, pointed at this backend.
 *
 * Its stdin is a pipe that we never write to: when we end, however that is, the agent sees its end
 * and stops (exit-with-parent.ts). Ended by itself it is started again, with back-off.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const FIRST_RESTART_MS = 1_000;
const MOST_RESTART_MS = 60_000;
/** After this long a fault counts as a new one. */
const HEALTHY_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;

export interface LocalAgentOptions {
  readonly endpoint: string;
  readonly apiKey: string;
  readonly dataDir: string;
  /** What the person at the terminal should know: the agent's warnings, and its end. */
  readonly warn: (message: string) => void;
}

/** Message of a line of the agent's log, if it is a warning or worse. Text is no log: a fault at start. */
export const warningIn = (line: string): string | undefined => {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { time: _time, level, message, ...facts } = entry;
  if (level !== "warn" && level !== "error") return undefined;
  const told = Object.entries(facts).map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return told.length === 0 ? String(message) : `${String(message)} (${told.join(", ")})`;
};

export interface LocalAgent {
  /** Process id of the current child. */
  readonly pid: number | undefined;
  /** Lets the agent flush what it has read, then ends it. */
  stop(): Promise<void>;
}

const path = (name: string): string => fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? `${name}.ts` : `${name}.js`, import.meta.url));
const agentCli = (): string => fileURLToPath(new URL(import.meta.resolve("obs-agent").endsWith(".ts") ? "../bin/obs-agent.js" : "./cli.js", import.meta.resolve("obs-agent")));

/** Our variables would mislead an agent, except those that are its own. */
const environment = ({ endpoint, apiKey, dataDir }: LocalAgentOptions): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("OBS_") || name.startsWith("OBS_AGENT_"))),
  OBS_ENDPOINT: endpoint,
  OBS_API_KEY: apiKey,
  OBS_AGENT_DATA_DIR: dataDir,
  OBS_EXIT_WITH_PARENT: "1",
});

export const startLocalAgent = (options: LocalAgentOptions): LocalAgent => {
  const stopping = new AbortController();
  let child: ChildProcess | undefined;
  const onLine = (line: string): void => {
    const warning = warningIn(line);
    if (warning !== undefined && warning !== "") options.warn(warning);
  };

  const runOnce = async (): Promise<void> => {
    child = spawn(process.execPath, ["--import", path("./exit-with-parent"), agentCli(), "run"], {
      // Its own group: a terminal's ctrl-c reaches it through us, after the backend stopped taking.
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      env: environment(options),
    });
    for (const stream of [child.stdout!, child.stderr!]) createInterface({ input: stream }).on("line", onLine);
    child.stdin!.on("error", () => undefined);
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    child = undefined;
    if (!stopping.signal.aborted) options.warn(`the agent ended (${signal ?? `exit code ${code}`}) and will be started again`);
  };

  const supervise = async (): Promise<void> => {
    let pauseMs = FIRST_RESTART_MS;
    while (!stopping.signal.aborted) {
      const started = performance.now();
      await runOnce().catch((error: Error) => options.warn(`the agent did not start: ${error.message}`));
      pauseMs = performance.now() - started > HEALTHY_MS ? FIRST_RESTART_MS : Math.min(pauseMs * 2, MOST_RESTART_MS);
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const supervised = supervise();

  return {
    get pid() {
      return child?.pid;
    },
    async stop() {
      stopping.abort();
      const running = child;
      running?.kill("SIGTERM");
      const kill = setTimeout(() => running?.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await supervised;
      clearTimeout(kill);
    },
  };
};
