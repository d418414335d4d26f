/**
 * Lines of standard input. A pipe cannot be read again, so its stream has no position: what was
 * handed on is kept by the buffer, what was not is lost with the process. Nothing is read ahead while
 * the shard pushes back: the writer waits. Whole lines that the shard left, because their record may go
 * on, are handed on when it recalls them, and at the latest when reading ends.
 */

import type { Readable } from "node:stream";
import type { LineShard, LineStream, Source } from "../../core/contracts.ts";
import { LineFeed } from "../line-feed.ts";
import type { StdinSourceOptions } from "./options.ts";

export { stdinSourceSchema, type StdinSourceOptions } from "./options.ts";

export interface StdinCounters {
  add(event: "bytes_read", by: number): void;
}

export interface StdinSourceDeps {
  /** Host name of the rows. */
  readonly host: string;
  readonly counters: StdinCounters;
  /** Default: this process's standard input. */
  readonly input?: Readable;
}

export interface StdinSource extends Source {
  /** Resolves when the input has ended and its last line is with the shard, or after `stop`. */
  readonly done: Promise<void>;
}

const streamOf = ({ service, environment }: StdinSourceOptions, host: string, recall: () => void): LineStream => ({
  id: "",
  service,
  host,
  environment,
  attributes: {},
  encodePosition: () => new Uint8Array(),
  recall,
});

export const createStdinSource = (options: StdinSourceOptions, shard: LineShard, deps: StdinSourceDeps): StdinSource => {
  const input = deps.input ?? process.stdin;
  const stopping = new AbortController();
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  const lines: LineFeed = new LineFeed(shard, streamOf(options, deps.host, () => lines.recall()), stopping.signal);
  let started = false;

  const run = async (): Promise<void> => {
    for await (const chunk of input) {
      deps.counters.add("bytes_read", chunk.length);
      await lines.feed(chunk);
      if (stopping.signal.aborted) break;
    }
    await lines.end();
  };

  const endedByStop = async (error: unknown): Promise<void> => {
    if (!stopping.signal.aborted) throw error;
    await lines.end();
  };

  return {
    name: "stdin",
    done,
    async start() {
      if (started) return;
      started = true;
      run().catch(endedByStop).then(resolve, reject);
    },
    async stop() {
      stopping.abort();
      input.destroy();
      if (!started) resolve();
      await done;
    },
  };
};
