/** What is dropped when the buffer is full or batches are old: counted exactly, and never what may be stored. */

import { STREAM_NAMES } from "@obs/wire";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conservationGap } from "../core/conservation.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import type { BufferedBatch } from "../core/contracts.ts";
import { createLog } from "../core/log.ts";
import type { DiskBuffer } from "./disk-buffer.ts";
import { ack, commitBatch, LARGE, open, takeAll, withFolder } from "./fixtures.ts";
import type { BodyToKeep } from "./segments.ts";
import type { OpenBufferOptions } from "./open-buffer.ts";

const WHEN_FULL = { old: "drop_oldest", other: "drop_oldest", young: "drop_newest", patient: "push_back" } as const;

const droppedOf = (buffer: DiskBuffer): Record<string, number> => buffer.state().ledger.signals.logs.dropped;
const expectNoGap = (buffer: DiskBuffer): void => {
  for (const stream of STREAM_NAMES) expect(conservationGap(buffer.state().ledger.signals[stream], buffer.state().rows[stream])).toBe(0);
};

const openSmall = (folder: string, options: Partial<OpenBufferOptions> = {}) => open(folder, { maxBytes: 1_000_000, segmentBytes: LARGE, whenFull: WHEN_FULL, ...options });

const commitMany = async (buffer: DiskBuffer, count: number, source: string, bytes = LARGE): Promise<string[]> => {
  const keys = [];
  for (let i = 0; i < count; i++) keys.push((await commitBatch(buffer, { bytes, source })).key);
  return keys;
};

describe.each([["segments", LARGE], ["LevelDB", 20_000]])("a full buffer (bodies in %s)", (_where, bytes) => {
  const fits = Math.floor(1_000_000 / (bytes + 512));

  it("drops the oldest, exactly as many as it counts, and stays within its budget", () =>
    withFolder(async (folder) => {
      const buffer = await openSmall(folder);
      const keys = await commitMany(buffer, fits + 15, "old", bytes);
      // The files of the last ones that were dropped are being removed.
      await expect.poll(() => buffer.state().bytes).toBeLessThanOrEqual(1_000_000);
      const left = (await takeAll(buffer)).map(({ key }) => key);
      expect(left).toEqual(keys.slice(-left.length));
      expect(droppedOf(buffer)).toEqual({ buffer_full: (keys.length - left.length) * 10 });
      expect(left.length).toBeGreaterThanOrEqual(fits - 1);
      expectNoGap(buffer);
      await buffer.close();
    }));

  it("drops the newest, and keeps the position of what it dropped", () =>
    withFolder(async (folder) => {
      const buffer = await openSmall(folder);
      const keys = await commitMany(buffer, fits, "young", bytes);
      await commitBatch(buffer, { bytes, source: "young", positions: { "file/1": "behind it" } });
      expect((await takeAll(buffer)).map(({ key }) => key)).toEqual(keys);
      expect(droppedOf(buffer)).toEqual({ buffer_full: 10 });
      await buffer.close();
      const again = await openSmall(folder);
      expect(Buffer.from(again.positions.get("file/1")!).toString()).toBe("behind it");
      expect(droppedOf(again)).toEqual({ buffer_full: 10 });
      expectNoGap(again);
      await again.close();
    }));

  it("never drops what the sender has had, in this process or in one before", () =>
    withFolder(async (folder) => {
      const first = await openSmall(folder);
      const keys = await commitMany(first, fits, "old", bytes);
      const [sent] = [await first.main.next()];
      await first.close();
      const second = await openSmall(folder);
      const again = await second.main.next();
      expect(again!.key).toBe(sent!.key);
      await commitMany(second, fits, "old", bytes);
      const left = [again!, ...(await takeAll(second))].map(({ key }) => key);
      expect(left.filter((key) => keys.includes(key))).toEqual([sent!.key]);
      expect(droppedOf(second)).toEqual({ buffer_full: (2 * fits - left.length) * 10 });
      expectNoGap(second);
      await second.close();
    }));
});

describe("policies by source", () => {
  it("keep to themselves: one that drops its oldest leaves those that push back alone", () =>
    withFolder(async (folder) => {
      const buffer = await openSmall(folder);
      const patient = await commitMany(buffer, 5, "patient");
      await commitMany(buffer, 12, "old");
      const left = (await takeAll(buffer)).map(({ key }) => key);
      expect(left.slice(0, 5)).toEqual(patient);
      expect(droppedOf(buffer)).toEqual({ buffer_full: (17 - left.length) * 10 });
      await buffer.close();
    }));

  it("drop the newest when there is nothing older of theirs", () =>
    withFolder(async (folder) => {
      const buffer = await openSmall(folder);
      const patient = await commitMany(buffer, 11, "patient");
      await commitMany(buffer, 3, "old");
      expect((await takeAll(buffer)).map(({ key }) => key)).toEqual(patient);
      expect(droppedOf(buffer)).toEqual({ buffer_full: 30 });
      await buffer.close();
    }));

  it("let only those wait that push back", () =>
    withFolder(async (folder) => {
      const buffer = await openSmall(folder);
      await commitMany(buffer, 11, "patient");
      for (const source of ["old", "young"]) await buffer.intake(source).whenRoom();
      for (const source of ["patient", "unheard-of"]) {
        const stop = new AbortController();
        const outcome = await Promise.race([buffer.intake(source).whenRoom(stop.signal).then(() => "room"), new Promise((resolve) => setImmediate(() => resolve("waits")))]);
        expect([source, outcome]).toEqual([source, "waits"]);
        stop.abort();
      }
      await buffer.close();
    }));

  it("let acknowledged batches go before any that waits", () =>
    withFolder(async (folder) => {
      const buffer = await openSmall(folder, { keepAcknowledgedMs: 60_000 });
      await commitMany(buffer, 9, "old");
      for (let i = 0; i < 2; i++) await buffer.main.acknowledge((await buffer.main.next())!, ack(10));
      await commitMany(buffer, 2, "old");
      expect(droppedOf(buffer)).toEqual({});
      expect(buffer.state()).toMatchObject({ batches: 9, acknowledgedBatches: 0 });
      await buffer.close();
    }));

  it("say so once, not with every batch", () =>
    withFolder(async (folder) => {
      const lines: string[] = [];
      const buffer = await openSmall(folder, { log: createLog({ level: "info", format: "text", write: (line) => void lines.push(line) }) });
      await commitMany(buffer, 30, "old");
      expect(lines.filter((line) => line.includes("are dropped"))).toHaveLength(1);
      await buffer.close();
    }));

  it("on a disk that is full drop what comes, without waiting", () =>
    withFolder(async (folder) => {
      let isFull = false;
      const lines: string[] = [];
      const full = Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
      const buffer = await openSmall(folder, {
        log: createLog({ level: "info", format: "text", write: (line) => void lines.push(line) }),
        wrap: ({ database, segments }) => ({
          database,
          segments: Object.create(segments, { append: { value: (bodies: readonly BodyToKeep[]) => (isFull && bodies.length > 0 ? Promise.reject(full) : segments.append(bodies)) } }) as typeof segments,
        }),
      });
      isFull = true;
      const stuck = commitBatch(buffer, { bytes: LARGE, source: "patient" });
      await expect.poll(() => lines.join("")).toContain("the disk is full");
      await commitMany(buffer, 2, "young");
      await commitMany(buffer, 2, "old");
      expect(droppedOf(buffer)).toEqual({ buffer_full: 40 });
      isFull = false;
      await stuck;
      expectNoGap(buffer);
      await buffer.close();
    }));
});

/** Wall and steady time of its own; timers fire when it is told. */
const handClock = () => {
  let [wall, steady] = [1_700_000_000_000, 0];
  const timers = new Set<{ at: number; callback: () => void }>();
  const clock: Clock = {
    ...systemClock,
    nowMs: () => wall,
    steadyMs: () => steady,
    after: (ms, callback) => {
      const timer = { at: steady + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const advance = (ms: number): void => {
    wall += ms;
    steady += ms;
    for (const timer of timers) if (timer.at <= steady && timers.delete(timer)) timer.callback();
  };
  return { clock, advance, jump: (ms: number) => void (wall += ms) };
};

describe("the age limit", () => {
  it("drops what waits longer, counted as expired, but for what may be stored", () =>
    withFolder(async (folder) => {
      const { clock, advance } = handClock();
      const buffer = await openSmall(folder, { clock, maxAgeMs: 60_000, whenFull: {} });
      await commitMany(buffer, 3, "patient");
      const sent = await buffer.main.next();
      advance(40_000);
      const [young] = await commitMany(buffer, 1, "patient");
      advance(30_000);
      await expect.poll(() => droppedOf(buffer)).toEqual({ expired: 20 });
      expect((await takeAll(buffer)).map(({ key }) => key)).toEqual([young]);
      await buffer.main.acknowledge(sent!, ack(10));
      expectNoGap(buffer);
      await buffer.close();
    }));

  it("counts time over a restart, and believes no clock that was set", () =>
    withFolder(async (folder) => {
      const { clock, advance, jump } = handClock();
      const options = { clock, maxAgeMs: 60_000, whenFull: {} };
      const first = await openSmall(folder, options);
      await commitMany(first, 1, "patient");
      jump(86_400_000);
      advance(20_000);
      expect(droppedOf(first)).toEqual({});
      jump(-86_400_000);
      await first.close();
      jump(-3_600_000);
      const second = await openSmall(folder, options);
      advance(50_000);
      expect(droppedOf(second)).toEqual({});
      advance(20_000);
      await expect.poll(() => droppedOf(second)).toEqual({ expired: 10 });
      await second.close();
      const third = await openSmall(folder, options);
      await commitMany(third, 1, "patient");
      await third.close();
      jump(3_600_000);
      const fourth = await openSmall(folder, options);
      await expect.poll(() => droppedOf(fourth)).toEqual({ expired: 20 });
      expectNoGap(fourth);
      await fourth.close();
    }));
});

it("counts exactly what is missing, whatever is committed, sent and restarted", { timeout: 60_000 }, () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.record({ what: fc.constantFrom("commit", "commit", "commit", "send", "settle", "restart"), source: fc.constantFrom("old", "young", "other"), large: fc.boolean() }), { minLength: 20, maxLength: 60 }), (steps) =>
      withFolder(async (folder) => {
        let buffer = await openSmall(folder, { maxBytes: 400_000, keepAcknowledgedMs: 60_000 });
        const out = new Map<string, BufferedBatch>();
        const seen = new Set<string>();
        let committed = 0;
        for (const { what, source, large } of steps) {
          if (what === "commit") {
            await commitBatch(buffer, { source, bytes: large ? LARGE : 5_000 });
            committed += 1;
          } else if (what === "send") {
            const batch = await buffer.main.next();
            if (batch) out.set(batch.key, batch);
            if (batch) seen.add(batch.key);
          } else if (what === "settle") {
            const [batch] = out.values();
            if (batch && out.delete(batch.key)) await buffer.main.acknowledge(batch, ack(10));
          } else {
            await buffer.close();
            out.clear();
            buffer = await openSmall(folder, { maxBytes: 400_000, keepAcknowledgedMs: 60_000 });
          }
        }
        for (const { key } of await takeAll(buffer)) seen.add(key);
        expect((committed - seen.size) * 10).toBe(droppedOf(buffer).buffer_full ?? 0);
        expectNoGap(buffer);
        await buffer.close();
      })),
    { numRuns: 25 },
  ));
