/** The budget of the buffer in bytes of disk: what lies there, what is coming, what is leaving. */

import type { Entry } from "./entry.ts";
import { diskBytes } from "./operations.ts";
import type { SegmentStore } from "./segments.ts";

/** Bytes that a change under way will free. */
export interface Leaving {
  bytes: number;
}

export class Room {
  readonly #segments: SegmentStore;
  readonly maxBytes: number;
  readonly #waiters = new Set<() => void>();
  #databaseBytes = 0;
  #incomingBytes = 0;
  #leavingBytes = 0;

  constructor(segments: SegmentStore, maxBytes: number) {
    this.#segments = segments;
    this.maxBytes = maxBytes;
  }

  /** Bytes of disk, as the budget counts them: whole segment files, small bodies and descriptions. */
  get bytes(): number {
    return this.#segments.bytes + this.#databaseBytes;
  }

  /** Bytes over the budget with `size` more, once all that is under way is done; not positive: there is room. */
  overBy(size: number): number {
    return this.bytes + this.#incomingBytes - this.#leavingBytes + size - this.maxBytes;
  }

  expect(size: number): void {
    this.#incomingBytes += size;
  }

  noLongerExpect(size: number): void {
    this.#incomingBytes -= size;
  }

  /** The entry is in LevelDB; its large body was counted with its segment. */
  take(entry: Pick<Entry, "bodyBytes" | "place">): void {
    this.#databaseBytes += diskBytes(entry);
  }

  willLeave(bytes: number): Leaving {
    this.#leavingBytes += bytes;
    return { bytes };
  }

  /** So many of the bytes have left, or will not. */
  noLongerLeaving(leaving: Leaving, bytes = leaving.bytes): void {
    const part = Math.min(bytes, leaving.bytes);
    leaving.bytes -= part;
    this.#leavingBytes -= part;
  }

  /** The disk that the entries took is free. */
  async letGo(entries: readonly Pick<Entry, "bodyBytes" | "place">[], leaving?: Leaving): Promise<void> {
    const released: Promise<void>[] = [];
    const before = this.bytes;
    for (const entry of entries) {
      this.#databaseBytes -= diskBytes(entry);
      if (entry.place) released.push(this.#segments.release(entry.place));
    }
    if (leaving) this.noLongerLeaving(leaving, before - this.bytes);
    await Promise.all(released);
    for (const wake of this.#waiters) wake();
  }

  /** Resolves when something has left, or when the signal aborts. */
  changed(signal?: AbortSignal): Promise<void> {
    return new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiters.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }

  /** How much of the disk a set of entries would free. */
  forecast(): RoomFreed {
    return new RoomFreed(this.#segments);
  }
}

/** A segment goes when all in it go. */
export class RoomFreed {
  readonly #segments: Pick<SegmentStore, "usage">;
  readonly #counts = new Map<number, number>();
  bytes = 0;

  constructor(segments: Pick<SegmentStore, "usage">) {
    this.#segments = segments;
  }

  add(entry: Pick<Entry, "bodyBytes" | "place">): void {
    this.bytes += diskBytes(entry);
    if (!entry.place) return;
    const { segment } = entry.place;
    const count = (this.#counts.get(segment) ?? 0) + 1;
    this.#counts.set(segment, count);
    const { entries, bytes } = this.#segments.usage(segment);
    if (count === entries) this.bytes += bytes;
  }
}
