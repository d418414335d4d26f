/** The real binary, as a user would start it. */

import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const CLI = fileURLToPath(new URL("../bin/obs-agent.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Text for standard input; without it there is none. */
  readonly input?: string;
  /** Put before the binary, such as strace and its arguments. */
  readonly prefix?: readonly string[];
  /** The binary; that of the checkout by default. */
  readonly cli?: string;
}

/** The outer environment without anything that would configure an agent. */
const cleanEnvironment = (): NodeJS.ProcessEnv => Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("OBS_")));

/** Started and not yet ended: a failed test leaves none behind. */
const running = new Set<AgentProcess>();

export class AgentProcess {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ended>;
  stderr = "";
  stdout = "";

  constructor({ args = [], env = {}, input, prefix = [], cli = CLI }: StartOptions) {
    const [command, ...rest] = [...prefix, process.execPath, cli, ...args];
    this.#child = spawn(command!, rest, { env: { ...cleanEnvironment(), OBS_LOCAL_FILE: "/nowhere", ...env }, stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"] });
    this.#child.stdout!.on("data", (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr!.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
    if (input !== undefined) this.#child.stdin!.on("error", () => {}).end(input);
    running.add(this);
    this.ended = new Promise((resolve) =>
      this.#child.on("close", (code, signal) => {
        running.delete(this);
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      }),
    );
  }

  get pid(): number {
    return this.#child.pid!;
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(signal);
    return this.ended;
  }
}

export interface Scratch {
  readonly folder: string;
  path(...names: string[]): string;
  /** Writes a configuration that follows `logs/*.log` from the beginning, and nothing else. */
  configure(endpoint: string, more?: Readonly<Record<string, unknown>>): Promise<string>;
}

export const withScratch = async (run: (scratch: Scratch) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "obs-agent-"));
  const path = (...names: string[]): string => join(folder, ...names);
  const configure = async (endpoint: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> => {
    const config = {
      endpoint, api_key: "obs_i_test", data_dir: path("data"), files: [{ include: [path("logs", "*.log")], read_from: "beginning" }],
      host_metrics: { enabled: false }, admin: { listen: "127.0.0.1:0" }, send: { retry_first: "50ms", retry_longest: "200ms" }, log: { format: "text" }, ...more,
    };
    await writeFile(path("config.yaml"), JSON.stringify(config));
    return path("config.yaml");
  };
  try {
    await run({ folder, path, configure });
  } finally {
    await Promise.all([...running].map((agent) => agent.kill("SIGKILL")));
    await rm(folder, { recursive: true, force: true });
  }
};
