/** `obs-backend` as a process of its own, as people run it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { until } from "./until.ts";

const CLI = fileURLToPath(new URL("../src/cli.ts", import.meta.url));

export interface BackendProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

export const runCli = (args: readonly string[], environment: Record<string, string>): BackendProcess => {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("OBS_"));
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...Object.fromEntries(inherited), ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return {
    child,
    pid: child.pid!,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: once(child, "close").then(([code, signal]) => (signal ?? code) as number | string),
  };
};

/** Runs a command to its end. */
export const cli = async (args: readonly string[], environment: Record<string, string>) => {
  const run = runCli(args, environment);
  const code = await run.ended;
  return { code, stdout: run.stdout(), stderr: run.stderr() };
};

const summaryLine = (text: string, name: string): string | undefined => new RegExp(`^  ${name} +(\\S+)`, "m").exec(text)?.[1];

export interface StartedProcess extends BackendProcess {
  readonly url: string;
  readonly apiKey: string;
  readonly signInLink: string;
}

/** `start`, until it has said all it has to say. */
export const startProcess = async (environment: Record<string, string>): Promise<StartedProcess> => {
  const run = runCli(["start"], environment);
  await until("the summary is printed", () => {
    if (run.child.exitCode !== null) throw new Error(`start ended: ${run.stderr()}`);
    return run.stdout().includes("ctrl-c");
  }, 60_000);
  const read = (name: string): string => summaryLine(run.stdout(), name)!;
  return Object.assign(run, { url: read("Endpoint"), apiKey: read("API key"), signInLink: read("Sign in") });
};

/** Children of a process and theirs, as the kernel knows them. */
export const descendants = (pid: number): number[] => {
  const file = `/proc/${pid}/task/${pid}/children`;
  const children = existsSync(file) ? readFileSync(file, "utf8").split(" ").filter(Boolean).map(Number) : [];
  return children.flatMap((child) => [child, ...descendants(child)]);
};

/** A process that ended but was not yet waited for counts as gone. */
export const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};
