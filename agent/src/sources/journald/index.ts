/**
 * The journald source: entries of the system's journal, as `journalctl` follows it. The cursor of the
 * last entry of a batch is stored with the batch; reading goes on behind it.
 */

import type { JournaldOptions } from "../../config/collected-logs.ts";
import { sleep, type Clock } from "../../core/clock.ts";
import type { LineShard, Source } from "../../core/contracts.ts";
import type { Log } from "../../core/log.ts";
import { persist } from "../../core/persist.ts";
import { readEntry } from "./entry.ts";
import { journalctlArguments, linesOf, type JournalctlOptions } from "./journalctl.ts";
import { LineQueue } from "./line-queue.ts";

export { findJournal } from "./find.ts";

export type JournaldSourceOptions = JournaldOptions & JournalctlOptions;

export interface JournaldCounters {
  add(event: "entries_read" | "entries_malformed" | "entries_own" | "failures", by?: number): void;
}

export interface JournaldSourceDeps {
  /** Positions as the buffer holds them at start, by stream id. */
  readonly positions: Iterable<readonly [string, Uint8Array]>;
  readonly clock: Clock;
  readonly log: Log;
  /** Host name of entries without one. */
  readonly host: string;
  readonly counters: JournaldCounters;
}

/** Entries that the shard does not take yet are tried again after this long. */
const RETRY_MS = 500;

export const createJournaldSource = (options: JournaldSourceOptions, shard: LineShard, deps: JournaldSourceDeps): Source => {
  const { clock, counters, host, log } = deps;
  const id = `journald/${options.folder}`;
  const stopping = new AbortController();
  const { signal } = stopping;
  const queue = new LineQueue(shard, { id, host, environment: options.environment ?? "" });
  const stored = new Map(deps.positions).get(id);
  let cursor = stored && Buffer.from(stored).toString();
  let running: Promise<void> | undefined;
  let failure: unknown;

  const take = (line: string): void => {
    const entry = readEntry(line);
    if (!entry) return line.trim() === "" ? undefined : counters.add("entries_malformed");
    cursor = entry.cursor;
    // Its own log would feed on itself.
    if (entry.pid === String(process.pid)) return counters.add("entries_own");
    counters.add("entries_read");
    queue.add(entry);
  };

  const handOn = async (): Promise<void> => {
    try {
      await queue.handOn(signal);
      while (!queue.isEmpty && !signal.aborted) {
        await sleep(clock, RETRY_MS, signal);
        await queue.handOn(signal);
      }
    } catch (error) {
      // A shard that fails ends the process: what is durable is read from there again.
      failure = error;
      stopping.abort();
    }
  };

  const follow = async (succeeded: () => void): Promise<void> => {
    for await (const lines of linesOf(options.command, journalctlArguments(options, cursor, clock.nowMs()), signal)) {
      succeeded();
      for (const line of lines) take(line);
      await handOn();
      if (signal.aborted) return;
    }
  };

  const failed = (error: unknown): void => {
    counters.add("failures");
    log.warn("the journal cannot be read, it is tried again (is the user in the group systemd-journal?)", { error });
  };

  const run = async (): Promise<void> => {
    await persist(follow, { clock, signal, failed });
    if (failure !== undefined) throw failure;
  };

  return {
    name: "journald",
    start: async () => {
      running ??= run();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};
