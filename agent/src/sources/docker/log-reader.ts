/**
 * The log of one container by the Engine API, for logs that are in no file that can be read. Every
 * message becomes a CRI line, and these lines a file that exists only while it is read: joining,
 * positions and metadata are then those of real files. Offsets count the bytes of these lines.
 */

import type { Clock } from "../../core/clock.ts";
import type { LineShard, LineStream } from "../../core/contracts.ts";
import { persist } from "../../core/persist.ts";
import { Rfc3339 } from "../containers/rfc3339.ts";
import type { Turns } from "../line-feed.ts";
import { EngineError, type Engine } from "./engine.ts";
import { messages, type Message } from "./frames.ts";
import { encodeSince, SinceAnchors, type SincePlace } from "./since.ts";

const NS_PER_SECOND = 1_000_000_000n;
const NEWLINE = 10;
const SPACE = 32;
/** Bytes that may wait before the connection waits too. */
const MAX_WAITING_BYTES = 256 * 1024;

export interface LogReaderOptions {
  readonly id: string;
  readonly isTerminal: boolean;
  readonly engine: Engine;
  readonly shard: LineShard;
  readonly turns: Turns;
  readonly from: SincePlace;
  readonly host: string;
  readonly environment: string;
  readonly partialWaitMs: number;
  readonly clock: Clock;
  readonly failed: (error: unknown) => void;
  readonly read: (bytes: number) => void;
}

export class LogReader {
  readonly #options: LogReaderOptions;
  readonly #stream: LineStream;
  readonly #anchors: SinceAnchors;
  readonly #time = new Rfc3339();
  readonly #stopping = new AbortController();
  /** What `#waiting` begins at; everything before it was handed on. */
  #offset: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #cancelRetry: () => void = () => {};
  #isFeedDue = false;
  #restarted = Promise.withResolvers<void>();
  #failure: unknown;
  readonly #running: Promise<void>;

  constructor(options: LogReaderOptions) {
    const { id, from, host, environment, clock, failed } = options;
    this.#options = options;
    this.#anchors = new SinceAnchors(from);
    this.#offset = from.offset;
    this.#stream = {
      id: `api/${id}`, service: "", host, environment, attributes: {},
      encodePosition: (offset) => encodeSince(this.#anchors.placeAt(offset)),
      recall: () => this.#feedSoon(),
    };
    const { signal } = this.#stopping;
    this.#running = persist((succeeded) => this.#follow(signal, succeeded), { clock, signal, failed });
  }

  /** The container runs (again). */
  wake(): void {
    this.#restarted.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#restarted.resolve();
    this.#cancelRetry();
    await this.#running;
  }

  /** From the last anchor on to the end of the connection, then until the container runs again. */
  async #follow(signal: AbortSignal, succeeded: () => void): Promise<void> {
    const { engine, id, isTerminal } = this.#options;
    this.#restarted = Promise.withResolvers();
    const anchor = this.#anchors.before(this.#offset);
    const untilNs = this.#anchors.latestNs;
    const readTo = this.#offset + this.#waitingBytes;
    let at = anchor.offset;
    try {
      for await (const message of messages(await engine.logs(id, sinceText(anchor.timeNs), signal), isTerminal)) {
        succeeded();
        const line = this.#lineOf(message);
        if (at < readTo && this.#timeNs() <= untilNs && at + line.length <= readTo) {
          at += line.length;
          continue;
        }
        at = this.#offset + this.#waitingBytes;
        this.#anchors.add(this.#timeNs(), at);
        this.#waiting.push(line);
        this.#waitingBytes += line.length;
        if (this.#waitingBytes >= MAX_WAITING_BYTES) await this.#feed(false);
        else this.#feedSoon();
        if (this.#failure !== undefined) throw this.#failure;
      }
    } catch (error) {
      // Removed: there is nothing to follow any more.
      if (!(error instanceof EngineError && (error.status === 404 || error.status === 409))) throw error;
    }
    if (!signal.aborted) await this.#feed(true);
    if (!signal.aborted) await this.#restarted.promise;
  }

  #timeNs(): bigint {
    return BigInt(this.#time.seconds) * NS_PER_SECOND + BigInt(this.#time.nanoseconds);
  }

  /** `<time> <side> <F or P> <text>`; a message without a time is a text without one. */
  #lineOf({ side, bytes }: Message): Buffer {
    const space = bytes.indexOf(SPACE);
    const isWhole = bytes.at(-1) === NEWLINE;
    const hasTime = space > 0 && this.#time.parse(bytes, 0, space);
    if (!hasTime) return Buffer.concat([bytes, Buffer.from(isWhole ? "" : "\n")]);
    const head = Buffer.from(`${bytes.toString("latin1", 0, space)} ${side} ${isWhole ? "F" : "P"} `);
    const text = bytes.subarray(space + 1, isWhole ? bytes.length - 1 : bytes.length);
    // A newline inside of a message would end its line.
    const plain = text.includes(NEWLINE) ? Buffer.from(text.toString("latin1").replaceAll("\n", "\\n"), "latin1") : text;
    return Buffer.concat([head, plain, Buffer.from("\n")]);
  }

  /** Messages that arrive together are handed on together. */
  #feedSoon(): void {
    if (this.#isFeedDue) return;
    this.#isFeedDue = true;
    setImmediate(() => {
      this.#isFeedDue = false;
      this.#feed(false).catch((error: unknown) => (this.#failure = error));
    });
  }

  async #feed(final: boolean): Promise<void> {
    this.#cancelRetry();
    await this.#options.turns.take(() => this.#handOn(final));
    if (this.#waitingBytes > 0 && !this.#stopping.signal.aborted) {
      this.#cancelRetry = this.#options.clock.after(this.#options.partialWaitMs, () => this.#feedSoon());
    }
  }

  async #handOn(final: boolean): Promise<void> {
    const { shard, read } = this.#options;
    const { signal } = this.#stopping;
    while (this.#waitingBytes > 0) {
      await shard.ready(signal);
      if (signal.aborted) return;
      const waiting = Buffer.concat(this.#waiting);
      this.#waiting = [waiting];
      const length = waiting.copy(shard.input, 0, 0, shard.input.length);
      const consumed = await shard.append(this.#stream, this.#offset, length, final && length === waiting.length);
      this.#waiting = [waiting.subarray(consumed), ...this.#waiting.slice(1)];
      this.#waitingBytes -= consumed;
      this.#offset += consumed;
      read(consumed);
      if (consumed === 0) return;
    }
  }
}

const sinceText = (timeNs: bigint): string => `${timeNs / NS_PER_SECOND}.${String(timeNs % NS_PER_SECOND).padStart(9, "0")}`;
