/**
 * Shows records of the running agent at the border of the buffer: parsed, enriched, masked, not yet
 * durable. It looks at sealed batches, so it sees every source and stream alike and the row pass
 * knows nothing of it; while nobody watches it costs one comparison per batch.
 */

import type { Stream } from "@obs/wire";
import { decompress } from "../codec/zstd.ts";
import type { Clock } from "../core/clock.ts";
import type { SealedBatch } from "../core/contracts.ts";
import type { RecordFilter, TapRecord } from "./filter.ts";
import { recordsOf } from "./records.ts";

export interface Viewer {
  readonly stream: Stream;
  readonly fits: RecordFilter;
  /** Records shown per second at most. */
  readonly perSecond: number;
  /** False when the viewer is too slow to take more: the record counts as left out. */
  show(record: TapRecord): boolean;
  /** Once a second, when records were left out since: those that fit, and those of batches not looked at. */
  leftOut(fitting: number, unseen: number): void;
}

interface Watching {
  readonly viewer: Viewer;
  /** Records that may still be shown in this second. */
  left: number;
  fitting: number;
  unseen: number;
}

/** Batches that wait to be looked at; what comes on top is left out. */
const MAX_WAITING = 4;
const SECOND_MS = 1_000;

export class Tap {
  readonly #clock: Clock;
  readonly #watching = new Set<Watching>();
  #waiting = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** The returned function ends it. */
  watch(viewer: Viewer): () => void {
    const watching: Watching = { viewer, left: viewer.perSecond, fitting: 0, unseen: 0 };
    this.#watching.add(watching);
    this.#clock.after(SECOND_MS, () => this.#eachSecond(watching));
    return () => void this.#watching.delete(watching);
  }

  /** Called with every batch before it is written. */
  see(batches: readonly SealedBatch[]): void {
    if (this.#watching.size === 0) return;
    for (const batch of batches) this.#enqueue(batch);
  }

  #enqueue({ stream, body, rows, rawBytes }: SealedBatch): void {
    const wanted = Array.from(this.#watching).filter(({ viewer }) => viewer.stream === stream);
    if (wanted.length === 0) return;
    if (this.#waiting >= MAX_WAITING || wanted.every(({ left }) => left === 0)) {
      for (const watching of wanted) watching.unseen += rows;
      return;
    }
    this.#waiting += 1;
    this.#turn = this.#turn
      .then(async () => {
        const native = decompress(body, rawBytes);
        for (const record of recordsOf(stream, native)) for (const watching of wanted) if (this.#watching.has(watching)) offer(watching, record);
      })
      // Whoever watches must never harm what is watched.
      .catch(() => wanted.forEach((watching) => (watching.unseen += rows)))
      .finally(() => (this.#waiting -= 1));
  }

  #eachSecond(watching: Watching): void {
    if (!this.#watching.has(watching)) return;
    if (watching.fitting + watching.unseen > 0) watching.viewer.leftOut(watching.fitting, watching.unseen);
    Object.assign(watching, { left: watching.viewer.perSecond, fitting: 0, unseen: 0 });
    this.#clock.after(SECOND_MS, () => this.#eachSecond(watching));
  }
}

const offer = (watching: Watching, record: TapRecord): void => {
  if (!watching.viewer.fits(record)) return;
  if (watching.left > 0 && watching.viewer.show(record)) watching.left -= 1;
  else watching.fitting += 1;
};
