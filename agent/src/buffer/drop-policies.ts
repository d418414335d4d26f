/** The policies of one output: what each source's batches do when the budget is used up, and the age limit. */

import { steadyMs, type Clock } from "../core/clock.ts";
import type { WhenFull } from "../core/batch-buffer.ts";
import type { Log } from "../core/log.ts";
import { DropQueue, type Droppable } from "./drop-queue.ts";
import type { Entry } from "./entry.ts";

export interface DropOptions {
  /** Batches that wait longer are dropped, and counted; 0, the default: never. */
  readonly maxAgeMs?: number;
  /** By class of source; those not named push back. */
  readonly whenFull?: Readonly<Record<string, WhenFull>>;
  /** For every source, in place of `whenFull`. */
  readonly whenFullForAll?: WhenFull;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whether batches that are on the disk may be dropped. */
export const mayDrop = ({ maxAgeMs = 0, whenFull = {}, whenFullForAll }: Pick<DropOptions, "maxAgeMs" | "whenFull" | "whenFullForAll">): boolean =>
  maxAgeMs > 0 || (whenFullForAll === undefined ? Object.values(whenFull) : [whenFullForAll]).includes("drop_oldest");

/** Old batches are looked for so many times within the age limit, and at least once a minute. */
const AGE_CHECKS = 8;
const LONGEST_AGE_CHECK_MS = 60_000;
const WARNING_INTERVAL_MS = 60_000;

export class DropPolicies {
  readonly #options: DropOptions;
  /** Present when batches that are on the disk may be dropped. */
  readonly queue: DropQueue | undefined;
  #droppedRows = 0;
  #warnAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: DropOptions) {
    this.#options = options;
    this.queue = mayDrop(options) ? new DropQueue() : undefined;
  }

  of(source: string): WhenFull {
    return this.#options.whenFullForAll ?? this.#options.whenFull?.[source] ?? "push_back";
  }

  droppable({ key, stream, rows, bodyBytes, place, source = "" }: Entry): Droppable {
    return { key, stream, rows, bodyBytes, ...(place && { place }), source, steadyMs: steadyMs(this.#options.clock) };
  }

  /** A batch of an earlier process. `tried`: those that may be in the store. */
  found(entry: Entry, tried: ReadonlySet<string> | "all"): void {
    if (tried === "all" || tried.has(entry.key)) return this.queue?.mayBeStored(entry.key);
    const { clock } = this.#options;
    // A clock that was wrong then or is now must not make it younger than nothing.
    const ageMs = Math.max(0, clock.nowMs() - (entry.sinceMs ?? Number.POSITIVE_INFINITY));
    const droppable = { ...this.droppable(entry), steadyMs: steadyMs(clock) - ageMs };
    this.queue?.expect(droppable);
    this.queue?.becameDurable(droppable);
  }

  /** What may go to make room for a batch of this source, oldest first. */
  *victims(source: string): Generator<Droppable, void> {
    if (this.of(source) !== "drop_oldest") return;
    for (const entry of this.queue?.oldest() ?? []) if (this.of(entry.source) === "drop_oldest") yield entry;
  }

  /** 0 = there is no age limit. */
  get ageCheckMs(): number {
    return Math.min(LONGEST_AGE_CHECK_MS, (this.#options.maxAgeMs ?? 0) / AGE_CHECKS);
  }

  expired(): Droppable[] {
    const tooOld = steadyMs(this.#options.clock) - (this.#options.maxAgeMs ?? 0);
    return [...(this.queue?.oldest() ?? [])].filter((entry) => entry.steadyMs <= tooOld);
  }

  /** Says so, but not with every batch. */
  note(batches: readonly { readonly rows: number }[], which: string): void {
    const { clock, log } = this.#options;
    this.#droppedRows += batches.reduce((total, { rows }) => total + rows, 0);
    const nowMs = steadyMs(clock);
    if (nowMs < this.#warnAtMs) return;
    log.warn(`batches are dropped, ${which} first, as configured (buffer.when_full, buffer.max_age)`, { rows: this.#droppedRows });
    this.#droppedRows = 0;
    this.#warnAtMs = nowMs + WARNING_INTERVAL_MS;
  }
}
