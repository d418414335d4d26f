/**
 * Joins what arrives within a short time into few inserts.
 *
 * Items of one lane (tenant, stream, schema, ...) wait for company until the lane has lingered or
 * is full. An insert of 115 rows costs 79 CPU s per million rows, joined ones 1.3; so the linger is
 * what keeps `insertsPerSecond` with the lanes that are busy now: one agent waits `minLingerMs`, a
 * thousand tenants up to `maxLingerMs`. When the store is slower than that, lanes wait for one of
 * `concurrentInserts` places and grow meanwhile.
 */

import type { DeliveryLimits } from "./limits.ts";

export interface Joinable {
  readonly rows: number;
  readonly rawBytes: number;
}

interface Lane<T> {
  items: T[];
  rows: number;
  rawBytes: number;
  timer: NodeJS.Timeout | undefined;
  queued: boolean;
}

type CoalescerLimits = Pick<
  DeliveryLimits,
  "maxRows" | "maxRawBytes" | "joinedRows" | "joinedRawBytes" | "joinedMembers" | "minLingerMs" | "maxLingerMs" | "insertsPerSecond" | "concurrentInserts"
>;

const BUSY_WITHIN_MS = 2_000;

export class Coalescer<T extends Joinable> {
  readonly #limits: CoalescerLimits;
  readonly #run: (lane: string, items: T[]) => Promise<void>;
  readonly #lanes = new Map<string, Lane<T>>();
  readonly #ready: string[] = [];
  /** Lanes by the time of their last item, oldest first. */
  readonly #busy = new Map<string, number>();
  #running = 0;

  /** `run` settles its items by itself; it must not throw. */
  constructor(limits: CoalescerLimits, run: (lane: string, items: T[]) => Promise<void>) {
    this.#limits = limits;
    this.#run = run;
  }

  add(name: string, item: T): void {
    this.#touch(name);
    let lane = this.#lanes.get(name);
    if (!lane) this.#lanes.set(name, (lane = { items: [], rows: 0, rawBytes: 0, timer: undefined, queued: false }));
    lane.items.push(item);
    lane.rows += item.rows;
    lane.rawBytes += item.rawBytes;
    if (this.#isFull(lane)) this.#queue(name, lane);
    else if (!lane.queued) lane.timer ??= setTimeout(() => this.#queue(name, lane), this.lingerMs);
  }

  /** Present linger of a lane. */
  get lingerMs(): number {
    const { minLingerMs, maxLingerMs, insertsPerSecond } = this.#limits;
    return Math.min(Math.max((this.#busy.size / insertsPerSecond) * 1000, minLingerMs), maxLingerMs);
  }

  /** Lets every lane go at once. */
  flush(): void {
    for (const [name, lane] of this.#lanes) this.#queue(name, lane);
  }

  #touch(name: string): void {
    const now = performance.now();
    this.#busy.delete(name);
    this.#busy.set(name, now);
    for (const [other, at] of this.#busy) {
      if (now - at < BUSY_WITHIN_MS) break;
      this.#busy.delete(other);
    }
  }

  #isFull(lane: Lane<T>): boolean {
    const { joinedRows, joinedRawBytes, joinedMembers } = this.#limits;
    return lane.rows >= joinedRows || lane.rawBytes >= joinedRawBytes || lane.items.length >= joinedMembers;
  }

  #queue(name: string, lane: Lane<T>): void {
    clearTimeout(lane.timer);
    lane.timer = undefined;
    if (lane.queued) return;
    lane.queued = true;
    this.#ready.push(name);
    this.#pump();
  }

  #pump(): void {
    while (this.#running < this.#limits.concurrentInserts && this.#ready.length > 0) {
      const name = this.#ready.shift()!;
      const items = this.#take(name);
      this.#running++;
      void this.#run(name, items).finally(() => {
        this.#running--;
        this.#pump();
      });
    }
  }

  /** As many items as one statement may hold; the rest queues again. */
  #take(name: string): T[] {
    const { maxRows, maxRawBytes, joinedRows, joinedRawBytes, joinedMembers } = this.#limits;
    const lane = this.#lanes.get(name)!;
    this.#lanes.delete(name);
    let rows = 0;
    let rawBytes = 0;
    let count = 0;
    for (const item of lane.items) {
      const fits = rows + item.rows <= Math.min(maxRows, 2 * joinedRows) && rawBytes + item.rawBytes <= Math.min(maxRawBytes, 2 * joinedRawBytes);
      if (count > 0 && (!fits || count >= joinedMembers)) break;
      rows += item.rows;
      rawBytes += item.rawBytes;
      count++;
    }
    const rest = lane.items.slice(count);
    if (rest.length > 0) {
      const left: Lane<T> = { items: rest, rows: lane.rows - rows, rawBytes: lane.rawBytes - rawBytes, timer: undefined, queued: true };
      this.#lanes.set(name, left);
      this.#ready.push(name);
    }
    return lane.items.slice(0, count);
  }
}
