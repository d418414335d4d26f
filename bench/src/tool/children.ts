/** Processes that a tool starts. Each is ended by its own pid; its output goes to a log file in the scratch folder. */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";

const TAIL_CHARACTERS = 1500;
const STOP_GRACE_MS = 15_000;

export interface ChildOptions {
  /** Names the log file; output of a restarted child is appended. */
  readonly name: string;
  /** A script for this very Node, or a program of its own. */
  readonly script?: string;
  readonly program?: string;
  readonly args?: readonly string[];
  /** A module that is loaded before the script. */
  readonly preload?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Adds an IPC channel. */
  readonly ipc?: boolean;
}

export class Child {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves with a short reason when the process is gone. */
  readonly exited: Promise<string>;
  running = true;

  constructor(process: ChildProcess, logFile: string) {
    this.process = process;
    this.pid = process.pid!;
    this.logFile = logFile;
    this.exited = new Promise((resolve) => {
      const gone = (reason: string): void => {
        this.running = false;
        resolve(reason);
      };
      process.once("exit", (code, signal) => gone(signal ?? `exit code ${code}`));
      process.once("error", (error) => gone(error.message));
    });
  }

  /** kill -9, and waits until the process is gone. */
  async kill(): Promise<void> {
    if (this.running) this.process.kill("SIGKILL");
    await this.exited;
  }

  /** SIGTERM, then kill -9 after a grace. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.process.kill("SIGTERM");
    const timer = setTimeout(() => this.process.kill("SIGKILL"), STOP_GRACE_MS);
    await this.exited;
    clearTimeout(timer);
  }
}

export class Children {
  readonly #scratch: string;
  readonly #all: Child[] = [];

  constructor(scratch: string) {
    this.#scratch = scratch;
  }

  start({ name, script, program = process.execPath, args = [], preload, env = {}, cwd = this.#scratch, ipc = false }: ChildOptions): Child {
    const logFile = join(this.#scratch, `${name}.log`);
    const log = openSync(logFile, "a");
    const child = new Child(
      spawn(program, [...(preload === undefined ? [] : ["--import", preload]), ...(script === undefined ? [] : [script]), ...args], {
        cwd,
        env: { ...inheritedEnvironment(), ...env },
        stdio: ipc ? ["ignore", log, log, "ipc"] : ["ignore", log, log],
      }),
      logFile,
    );
    closeSync(log);
    this.#all.push(child);
    return child;
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#all.map((child) => child.stop()));
  }

  /** The end of every log, for the message of a tool that failed. */
  async logTails(): Promise<string[]> {
    const files = [...new Set(this.#all.map((child) => child.logFile))];
    return await Promise.all(files.map(async (file) => `-- ${basename(file)}\n${(await readFile(file, "utf8")).slice(-TAIL_CHARACTERS)}`));
  }
}

/** A child that comes back after it was killed. */
export class Restartable {
  readonly #children: Children;
  readonly #options: ChildOptions;
  #child: Child;

  constructor(children: Children, options: ChildOptions) {
    this.#children = children;
    this.#options = options;
    this.#child = children.start(options);
  }

  get child(): Child {
    return this.#child;
  }

  /** kill -9, then a new process at once. `onDeath` runs in between. */
  async killAndRestart(onDeath?: () => void): Promise<void> {
    const dying = this.kill();
    onDeath?.();
    await dying;
    this.start();
  }

  /** kill -9; nothing runs until `start`. */
  kill(): Promise<void> {
    return this.#child.kill();
  }

  start(): void {
    this.#child = this.#children.start(this.#options);
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}

/** The environment without anything that would make obs' processes talk to another installation. */
const inheritedEnvironment = (): Record<string, string> =>
  Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith("OBS_")));
