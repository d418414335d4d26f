/**
 * Segment files: where large bodies lie, outside LevelDB, which would write each of them at least
 * twice (decision 0020 has the measurement).
 *
 * Invariants
 * - Append only. A body is on the disk (fdatasync, and fsync of the folder for a new file) before
 *   the LevelDB write that refers to it begins: that write is the only commit point. A tail that no
 *   entry refers to is garbage from a write that never was committed.
 * - A process never appends to a segment of another process, so a torn tail is never overwritten.
 * - A file is removed when no entry refers to it any more; no byte is ever moved.
 */

import { mkdir, open, readdir, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { SegmentPlace } from "./entry.ts";

const FILE_NAME = /^(\d{10})\.seg$/;

interface Segment {
  readonly file: FileHandle;
  bytes: number;
  entries: number;
}

export interface BodyToKeep {
  readonly body: Uint8Array;
  /** How many entries will refer to it. */
  readonly holders: number;
}

export interface SegmentStore {
  /** Bytes of disk in use, garbage included. */
  readonly bytes: number;
  /** Writes bodies one after the other and syncs them. On failure nothing is referred to. */
  append(bodies: readonly BodyToKeep[]): Promise<SegmentPlace[]>;
  /** Fills `body` from its beginning; what could be read of it. */
  read(place: SegmentPlace, body: Buffer): Promise<Buffer>;
  /** One more entry refers to the segment; false when the file is not there or too short. */
  retain(place: SegmentPlace, length: number): boolean;
  release(place: SegmentPlace): Promise<void>;
  /** Bytes of a segment and how many entries refer to it; nothing of one that is gone. */
  usage(segment: number): { readonly entries: number; readonly bytes: number };
  /** Removes files that nothing refers to; called once, after the entries found were retained. */
  removeUnused(): Promise<void>;
  close(): Promise<void>;
}

export const openSegments = async (folder: string, segmentBytes: number): Promise<SegmentStore> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const segments = new Map<number, Segment>();
  const pathOf = (number: number): string => join(folder, `${String(number).padStart(10, "0")}.seg`);

  for (const name of await readdir(folder)) {
    const number = Number(FILE_NAME.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(number)) continue;
    const file = await open(pathOf(number), "r");
    segments.set(number, { file, bytes: (await file.stat()).size, entries: 0 });
  }

  let active = 0;
  let highest = Math.max(0, ...segments.keys());

  const remove = async (number: number): Promise<void> => {
    const segment = segments.get(number);
    if (!segment) return;
    segments.delete(number);
    if (active === number) active = 0;
    await segment.file.close();
    await rm(pathOf(number), { force: true });
  };

  const syncFolder = async (): Promise<void> => {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  };

  const begin = async (): Promise<Segment> => {
    const number = ++highest;
    const segment: Segment = { file: await open(pathOf(number), "wx+", 0o600), bytes: 0, entries: 0 };
    segments.set(number, segment);
    active = number;
    await syncFolder();
    return segment;
  };

  const writeAll = async (segment: Segment, bodies: readonly BodyToKeep[]): Promise<number[]> => {
    const offsets: number[] = [];
    for (const { body } of bodies) {
      offsets.push(segment.bytes);
      for (let written = 0; written < body.length; )
        written += (await segment.file.write(body, written, body.length - written, segment.bytes + written)).bytesWritten;
      segment.bytes += body.length;
    }
    await segment.file.datasync();
    return offsets;
  };

  return {
    get bytes() {
      let total = 0;
      for (const segment of segments.values()) total += segment.bytes;
      return total;
    },

    async append(bodies) {
      if (bodies.length === 0) return [];
      const current = segments.get(active);
      const segment = current && current.bytes < segmentBytes ? current : await begin();
      const number = active;
      // Counted before they are written: a release meanwhile must not find the segment unused.
      const holders = bodies.reduce((total, body) => total + body.holders, 0);
      segment.entries += holders;
      const bytesBefore = segment.bytes;
      try {
        return (await writeAll(segment, bodies)).map((offset) => ({ segment: number, offset }));
      } catch (error) {
        segment.entries -= holders;
        // A sync that failed once may report success the next time without the bytes being on the
        // disk, so nothing is appended to this file again. What was written of the bodies goes: on
        // a full disk it is the room that acknowledgements need.
        active = 0;
        await segment.file.truncate(bytesBefore).then(() => (segment.bytes = bytesBefore), () => {});
        if (segment.entries === 0) await remove(number).catch(() => {});
        throw error;
      }
    },

    async read(place, body) {
      const segment = segments.get(place.segment);
      if (!segment) throw new Error(`segment ${place.segment} is not there`);
      const { bytesRead } = await segment.file.read(body, 0, body.length, place.offset);
      return bytesRead === body.length ? body : body.subarray(0, bytesRead);
    },

    retain(place, length) {
      const segment = segments.get(place.segment);
      if (!segment || place.offset + length > segment.bytes) return false;
      segment.entries += 1;
      return true;
    },

    async release(place) {
      const segment = segments.get(place.segment);
      if (segment && --segment.entries === 0) await remove(place.segment);
    },

    usage(number) {
      return segments.get(number) ?? { entries: 0, bytes: 0 };
    },

    async removeUnused() {
      for (const [number, segment] of segments) if (segment.entries === 0) await remove(number);
    },

    async close() {
      for (const segment of segments.values()) await segment.file.close();
      segments.clear();
    },
  };
};
