/**
 * The exec source: runs a command and takes the lines of its stdout and stderr. What it writes cannot
 * be read again; the command waits while the shard pushes back. It is started again as configured,
 * and ends with the agent, together with everything that it started.
 */

import { spawn, type ChildProcessByStdio } from "node:child_process";
import { basename } from "node:path";
import type { Readable } from "node:stream";
import type { ExecSourceOptions } from "../../config/listeners.ts";
import { sleep, steadyMs, type Clock } from "../../core/clock.ts";
import type { LineShard, LineStream, Source } from "../../core/contracts.ts";
import type { Log } from "../../core/log.ts";
import { LineFeed, Turns } from "../line-feed.ts";

export type ExecEvent = "bytes_read" | "starts" | "start_failures" | "exits" | "exits_with_failure";

export interface ExecSourceDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Host of the rows. */
  readonly host: string;
  readonly counters: { add(event: ExecEvent, by?: number): void };
}

export interface ExecSource extends Source {
  /** Resolves when the command has ended and is not started again, or after `stop`. */
  readonly done: Promise<void>;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const SHELL = "/bin/sh";

/** A shell is named after the program that it is told to run. */
const nameOf = (command: ExecSourceOptions["command"]): string => basename(typeof command === "string" ? (command.trim().split(/\s+/)[0] ?? SHELL) : command[0]!);

export const createExecSource = (options: ExecSourceOptions, shard: LineShard, deps: ExecSourceDeps): ExecSource => {
  const { command, environment = "", restart, restart_first: firstMs, restart_longest: longestMs, stop_timeout: stopMs } = options;
  const { clock, log, counters, host } = deps;
  const name = nameOf(command);
  const service = options.service ?? name;
  const turns = new Turns();
  const stopping = new AbortController();
  /** Aborts when nothing more is handed on: the command did not end in time. */
  const ending = new AbortController();
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  let child: Child | undefined;
  let running: Promise<void> | undefined;

  const feedOf = (iostream: "stdout" | "stderr"): LineFeed => {
    const stream: LineStream = { id: "", service, host, environment, attributes: { "log.iostream": iostream }, encodePosition: () => new Uint8Array(), recall: () => feed.recall() };
    const feed: LineFeed = new LineFeed(shard, stream, ending.signal, turns);
    return feed;
  };

  /** A group of its own, so that what a shell has started ends with it. The agent's key is not its business. */
  const launch = (): Child => {
    const [program, args] = typeof command === "string" ? [SHELL, ["-c", command]] : [command[0]!, command.slice(1)];
    return spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, OBS_API_KEY: undefined, ...options.env }, ...(options.working_dir !== undefined && { cwd: options.working_dir }) });
  };

  const signalGroup = (target: Child, signal: NodeJS.Signals): void => {
    try {
      if (target.pid !== undefined) process.kill(-target.pid, signal);
    } catch {
      // All of it has ended.
    }
  };

  const readLines = async (output: Readable, feed: LineFeed): Promise<void> => {
    try {
      for await (const chunk of output) {
        counters.add("bytes_read", (chunk as Buffer).length);
        await feed.feed(chunk as Buffer);
      }
    } catch (error) {
      if (!output.destroyed) throw error;
    }
    await feed.end();
  };

  /** Resolves when the command has ended and its last line is with the shard; undefined when it could not be started. */
  const runOnce = async (): Promise<Exit | undefined> => {
    const started = launch();
    child = started;
    const exited = new Promise<Exit | undefined>((resolve) => {
      started.once("error", (error) => {
        if (started.pid !== undefined) return;
        counters.add("start_failures");
        log.error("the command of an exec source could not be started", { command: name, service, error });
        resolve(undefined);
      });
      started.once("exit", (code, signal) => resolve({ code, signal }));
    });
    if (started.pid === undefined) return exited;
    counters.add("starts");
    if (stopping.signal.aborted) signalGroup(started, "SIGTERM");
    const reading = Promise.all([readLines(started.stdout, feedOf("stdout")), readLines(started.stderr, feedOf("stderr"))]);
    const [exit] = await Promise.all([exited, reading]);
    return exit;
  };

  const report = ({ code, signal }: Exit): void => {
    counters.add("exits");
    if (code !== 0) counters.add("exits_with_failure");
    const level = code === 0 || stopping.signal.aborted ? "info" : "warn";
    log[level]("the command of an exec source has ended", { command: name, service, ...(code === null ? { signal } : { code }) });
  };

  const run = async (): Promise<void> => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      const startedMs = steadyMs(clock);
      const exit = await runOnce();
      child = undefined;
      if (exit) report(exit);
      if (stopping.signal.aborted || restart === "never" || (restart === "on_failure" && exit?.code === 0)) return;
      failures = steadyMs(clock) - startedMs >= longestMs ? 1 : failures + 1;
      await sleep(clock, Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 30)), stopping.signal);
    }
  };

  const stopChild = async (): Promise<void> => {
    stopping.abort();
    if (!running) return resolve();
    const target = child;
    if (target) {
      signalGroup(target, "SIGTERM");
      const enough = new AbortController();
      await Promise.race([done, sleep(clock, stopMs, enough.signal)]);
      enough.abort();
      if (child) {
        signalGroup(target, "SIGKILL");
        ending.abort();
        target.stdout.destroy();
        target.stderr.destroy();
      }
    }
    await done;
  };
  let stopped: Promise<void> | undefined;

  return {
    name: "exec",
    done,
    async start() {
      if (running || stopped) return;
      running = run().then(resolve, reject);
    },
    async stop() {
      await (stopped ??= stopChild());
    },
  };
};
