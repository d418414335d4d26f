/**
 * The buffer's only writer. Changes that wait while a write is under way join the next one (group
 * commit): one segment sync at most, one LevelDB write, each.
 *
 * Invariants
 * - Changes that grow the buffer become durable in the order in which they were given.
 * - The ledger travels in every write as absolute figures, so a write that is repeated because its
 *   outcome is unknown books nothing twice.
 * - After a failed write LevelDB's log may hold a torn record, behind which recovery would skip
 *   what follows: the database is closed and opened again before the next write.
 * - A full disk stops growing changes, never shrinking ones: these free the room, and have the
 *   reserve (reserve.ts) to be written in. Growing ones wait until there is room beyond it.
 */

import { sleep, type Clock } from "../core/clock.ts";
import type { Ledger } from "../core/conservation.ts";
import type { Counters } from "../core/counters.ts";
import type { Log } from "../core/log.ts";
import type { Database, Operation } from "./database.ts";
import type { SegmentPlace } from "./entry.ts";
import { META_LEDGER } from "./keys.ts";
import type { Reserve } from "./reserve.ts";
import type { BodyToKeep, SegmentStore } from "./segments.ts";

export interface Change {
  /** Large bodies, to lie in a segment. A change with bodies, or a durable one, grows the buffer. */
  readonly bodies: readonly BodyToKeep[];
  /** Whether the write waits for the disk. */
  readonly durable: boolean;
  /** The writes, given where the bodies lie. */
  operations(places: readonly SegmentPlace[]): Operation[];
  book(ledger: Ledger): void;
}

interface Waiting {
  readonly change: Change;
  places: readonly SegmentPlace[] | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

export interface GroupWriterOptions {
  readonly database: Database;
  readonly segments: SegmentStore;
  readonly reserve: Reserve;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Called when a write failed: the place to free what can be freed. */
  readonly onFailure: () => void;
  /** Called when the database is there again after a failure. */
  readonly onRecovered: () => void;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

const isFullDisk = (error: unknown): boolean =>
  (error as { code?: string }).code === "ENOSPC" || /no space left|ENOSPC|quota/i.test(String((error as { cause?: unknown }).cause ?? error));

export class GroupWriter {
  readonly #options: GroupWriterOptions;
  #ledger: Ledger;
  #growing: Waiting[] = [];
  #shrinking: Waiting[] = [];
  #running: Promise<void> | undefined;
  #needsReopen = false;
  #failing = false;
  #isDiskFull = false;
  readonly #closing = new AbortController();
  #wakePause: (() => void) | undefined;
  commits = 0;

  constructor(options: GroupWriterOptions) {
    this.#options = options;
    this.#ledger = options.ledger;
  }

  get ledger(): Readonly<Ledger> {
    return this.#ledger;
  }

  /** True while nothing that grows can be written. */
  get isFailing(): boolean {
    return this.#failing;
  }

  /** Resolves when the change is written (and on the disk, when it is a durable one). */
  write(change: Change): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closing.signal.aborted) return reject(new Error("BUG: a change was given to a closed buffer"));
      (change.durable ? this.#growing : this.#shrinking).push({ change, places: undefined, resolve, reject });
      if (!change.durable) this.#wakePause?.();
      this.#running ??= this.#run();
    });
  }

  /** Writes what can be written; what cannot (a full disk) is rejected. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    // One turn of the event loop lets everything that becomes ready in this tick join the group.
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (let pauseMs = FIRST_PAUSE_MS; this.#growing.length + this.#shrinking.length > 0; ) {
      const growing = [...this.#growing];
      const shrinking = [...this.#shrinking];
      const mayGrow = growing.length === 0 || (await this.#hasRoomFor(growing));
      const written = mayGrow && (await this.#attempt([...growing, ...shrinking]));
      const freed = written || (growing.length > 0 && shrinking.length > 0 && (await this.#attempt(shrinking)));
      if (written) this.#growing.splice(0, growing.length).forEach((waiting) => waiting.resolve());
      if (freed) this.#shrinking.splice(0, shrinking.length).forEach((waiting) => waiting.resolve());
      if (written) {
        pauseMs = FIRST_PAUSE_MS;
      } else {
        if (this.#closing.signal.aborted) break;
        // What came meanwhile may be what frees the room.
        const hasNews = this.#shrinking.length > (freed ? 0 : shrinking.length);
        if (!hasNews) await this.#pause(pauseMs);
        pauseMs = freed || hasNews ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
    this.#giveUp();
    // In the same tick as the last look at the queues: the next change starts the next run.
    this.#running = undefined;
  }

  /** After the disk was full: only what leaves the reserve alone. */
  async #hasRoomFor(growing: readonly Waiting[]): Promise<boolean> {
    if (!this.#isDiskFull) return true;
    const bytes = growing.reduce((total, { change }) => change.bodies.reduce((sum, { body }) => sum + body.length, total), 0);
    if (!(await this.#options.reserve.hasRoomBeyond(bytes))) {
      this.#options.onFailure();
      return false;
    }
    await this.#options.reserve.take();
    return true;
  }

  async #attempt(group: readonly Waiting[]): Promise<boolean> {
    const { segments, counters, log, onRecovered } = this.#options;
    try {
      if (this.#needsReopen) await this.#reopen();
      const unplaced = group.filter(({ places }) => places === undefined);
      const places = await segments.append(unplaced.flatMap(({ change }) => change.bodies));
      let next = 0;
      for (const waiting of unplaced) waiting.places = places.slice(next, (next += waiting.change.bodies.length));
      await this.#writeDatabase(group);
    } catch (error) {
      counters.add("obs_component_errors_total", { component: "buffer", kind: isFullDisk(error) ? "disk_full" : "write" });
      if (!this.#failing)
        log.error(isFullDisk(error) ? "the disk is full: sources wait until there is room" : "the buffer cannot be written: trying again", { reason: String((error as { cause?: unknown }).cause ?? error) });
      this.#failing = true;
      if (isFullDisk(error)) {
        this.#isDiskFull = true;
        await this.#options.reserve.give();
      }
      this.#options.onFailure();
      return false;
    }
    if (this.#failing && group.some(({ change }) => change.durable)) {
      this.#failing = false;
      this.#isDiskFull = false;
      log.info("the buffer can be written again");
    }
    onRecovered();
    return true;
  }

  async #writeDatabase(group: readonly Waiting[]): Promise<void> {
    const ledger = structuredClone(this.#ledger);
    const operations: Operation[] = [];
    for (const { change, places } of group) {
      operations.push(...change.operations(places!));
      change.book(ledger);
    }
    operations.push({ type: "put", key: META_LEDGER, value: Buffer.from(JSON.stringify(ledger)) });
    const sync = group.some(({ change }) => change.durable);
    try {
      await this.#options.database.batch(operations, { sync });
    } catch (error) {
      this.#needsReopen = true;
      throw error;
    }
    this.#ledger = ledger;
    if (sync) this.commits += 1;
  }

  async #reopen(): Promise<void> {
    const { database } = this.#options;
    await database.close();
    await database.open();
    this.#needsReopen = false;
  }

  async #pause(ms: number): Promise<void> {
    const wake = new AbortController();
    this.#wakePause = () => wake.abort();
    await sleep(this.#options.clock, ms, AbortSignal.any([wake.signal, this.#closing.signal]));
    this.#wakePause = undefined;
  }

  #giveUp(): void {
    const error = new Error("the buffer could not be written before it was closed");
    for (const waiting of [...this.#growing.splice(0), ...this.#shrinking.splice(0)]) waiting.reject(error);
  }
}
