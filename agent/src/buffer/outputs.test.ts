/** Several outputs over one buffer: each settles for itself, and holds up another only where a policy says so. */

import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { STREAM_NAMES } from "@obs/wire";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conservationGap } from "../core/conservation.ts";
import type { BufferedBatch } from "../core/contracts.ts";
import type { DiskBuffer } from "./disk-buffer.ts";
import { ack, commitBatch, LARGE, open, takeAll, withFolder } from "./fixtures.ts";
import { inspectBuffer } from "./inspection.ts";
import type { OpenBufferOptions } from "./open-buffer.ts";
import type { OutputQueue } from "./output-queue.ts";

const OUTPUTS = [{ name: "archive" }];

const openTwo = (folder: string, options: Partial<OpenBufferOptions> = {}) => open(folder, { outputs: OUTPUTS, segmentBytes: LARGE, ...options });

const keysFor = async (queue: OutputQueue): Promise<string[]> => {
  const keys = [];
  for (let batch = await queue.next(); batch; batch = await queue.next()) keys.push(batch.key);
  return keys;
};

const settleAll = async (queue: OutputQueue): Promise<void> => {
  for (let batch = await queue.next(); batch; batch = await queue.next()) await queue.acknowledge(batch, ack(batch.rows));
};

const segmentsIn = async (folder: string): Promise<number> => (await readdir(join(folder, "segments"))).length;

const expectNoGap = (buffer: DiskBuffer): void => {
  const { ledger, rows, outputs } = buffer.state();
  for (const stream of STREAM_NAMES) {
    expect(conservationGap(ledger.signals[stream], rows[stream])).toBe(0);
    for (const output of outputs) expect(conservationGap(output.signals[stream], output.rows[stream])).toBe(0);
  }
};

describe.each([["segments", LARGE], ["LevelDB", 5_000]])("two outputs (bodies in %s)", (_where, bytes) => {
  it("give the same bytes to each, and let go of them once both have settled", () =>
    withFolder(async (folder) => {
      const buffer = await openTwo(folder);
      const batch = await commitBatch(buffer, { bytes });
      const [main, archive] = [(await buffer.main.next())!, (await buffer.output("archive").next())!];
      expect(Buffer.from(main.body).equals(batch.body)).toBe(true);
      expect(Buffer.from(archive.body).equals(batch.body)).toBe(true);
      await buffer.main.acknowledge(main, ack(10));
      expect(buffer.state().bytes).toBeGreaterThan(bytes);
      await buffer.output("archive").acknowledge(archive, ack(8, "another store", { too_old: 2 }));
      expect(buffer.state().bytes).toBe(0);
      expect(await segmentsIn(folder)).toBe(0);
      expect(buffer.state().ledger.signals.logs).toMatchObject({ records: 10, stored: 10, refused: {} });
      expect(buffer.state().outputs[0]!.signals.logs).toMatchObject({ records: 10, stored: 8, refused: { too_old: 2 } });
      await buffer.close();
    }));

  it.each([undefined, randomBytes(32)])("find what each has yet to settle after a restart (key %#)", (encryptionKey) =>
    withFolder(async (folder) => {
      const first = await openTwo(folder);
      const keys = [];
      for (let i = 0; i < 3; i++) keys.push((await commitBatch(first, { bytes })).key);
      await settleAll(first.main);
      const one = (await first.output("archive").next())!;
      await first.output("archive").acknowledge(one, ack(10));
      await first.close();
      // What lay there in the clear is sealed for every output.
      const second = await openTwo(folder, encryptionKey && { encryptionKey });
      expect(await keysFor(second.main)).toEqual([]);
      expect(await keysFor(second.output("archive"))).toEqual(keys.slice(1));
      expectNoGap(second);
      await second.close();
      const found = await inspectBuffer(folder, encryptionKey, async (inspection) => {
        const names = [];
        for await (const batch of inspection.batches()) names.push([batch.output, batch.state, batch.key, (await inspection.bodyOf(batch))?.length]);
        return names;
      });
      expect(found).toEqual(keys.slice(1).map((key) => ["archive", "waiting", key, bytes]));
    }));

  it("go on without the one that is away, where its policy drops: exactly what is counted is missing", () =>
    withFolder(async (folder) => {
      const buffer = await openTwo(folder, { maxBytes: 1_000_000, outputs: [{ name: "archive", whenFull: "drop_oldest" }], keepAcknowledgedMs: 60_000 });
      const keys = [];
      for (let i = 0; i < 1_500_000 / bytes; i++) {
        await buffer.intake("file").whenRoom(AbortSignal.timeout(10_000));
        keys.push((await commitBatch(buffer, { bytes, source: "file" })).key);
        await settleAll(buffer.main);
      }
      await expect.poll(() => buffer.state().bytes).toBeLessThanOrEqual(1_000_000);
      const left = await keysFor(buffer.output("archive"));
      expect(left).toEqual(keys.slice(-left.length));
      expect(left.length).toBeLessThan(keys.length);
      const [archive] = buffer.state().outputs;
      expect(archive!.signals.logs.dropped).toEqual({ buffer_full: (keys.length - left.length) * 10 });
      expect(buffer.state().ledger.signals.logs).toMatchObject({ records: keys.length * 10, stored: keys.length * 10, dropped: {} });
      expectNoGap(buffer);
      await buffer.close();
    }));

  it("hold sources up while the one that is away pushes back", () =>
    withFolder(async (folder) => {
      const buffer = await openTwo(folder, { maxBytes: 3 * (bytes + 512) });
      for (let i = 0; i < 4; i++) await commitBatch(buffer, { bytes, source: "file" });
      await settleAll(buffer.main);
      let hasRoom = false;
      const waiting = buffer.intake("file").whenRoom().then(() => (hasRoom = true));
      await new Promise((resolve) => setImmediate(resolve));
      expect(hasRoom).toBe(false);
      await settleAll(buffer.output("archive"));
      await waiting;
      await buffer.close();
    }));

  it("forget what waits for an output that is not configured any more, and begin a new one with nothing", () =>
    withFolder(async (folder) => {
      const first = await openTwo(folder);
      await commitBatch(first, { bytes });
      await settleAll(first.main);
      await first.close();
      const second = await openTwo(folder, { outputs: [{ name: "other" }] });
      expect(await keysFor(second.output("other"))).toEqual([]);
      expect(second.state().bytes).toBe(0);
      expect(await segmentsIn(folder)).toBe(0);
      const { key } = await commitBatch(second, { bytes });
      expect(await keysFor(second.output("other"))).toEqual([key]);
      await second.close();
      const third = await openTwo(folder);
      expect(await keysFor(third.output("archive"))).toEqual([]);
      expect(third.state().outputs.map(({ signals }) => signals.logs.records)).toEqual([0]);
      expectNoGap(third);
      await third.close();
    }));

  it("ask again only the one whose store started anew, and keep dead letters apart", () =>
    withFolder(async (folder) => {
      const buffer = await openTwo(folder, { keepAcknowledgedMs: 60_000 });
      const { key } = await commitBatch(buffer, { bytes });
      await settleAll(buffer.main);
      const archive = buffer.output("archive");
      await archive.acknowledge((await archive.next())!, ack(10, "boot-1"));
      const { key: second } = await commitBatch(buffer, { bytes });
      await archive.acknowledge((await archive.next())!, ack(10, "boot-2"));
      expect((await archive.next())!.key).toBe(key);
      const main = (await buffer.main.next())!;
      expect(main.key).toBe(second);
      await buffer.main.deadLetter(main, "refused");
      expect(buffer.state()).toMatchObject({ deadLetterBatches: 1, outputs: [{ deadLetterBatches: 0, batches: 1 }] });
      expectNoGap(buffer);
      await buffer.close();
    }));
});

it("each output gets or counts every batch, whatever is committed, sent and restarted", { timeout: 60_000 }, () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ what: fc.constantFrom("commit", "commit", "commit", "send", "settle", "restart"), to: fc.constantFrom("", "archive"), source: fc.constantFrom("patient", "old", "young"), large: fc.boolean() }), { minLength: 20, maxLength: 60 }),
      fc.constantFrom(undefined, "drop_oldest" as const),
      (steps, whenFull) =>
        withFolder(async (folder) => {
          const again = () => openTwo(folder, { maxBytes: 400_000, keepAcknowledgedMs: 60_000, whenFull: { old: "drop_oldest", young: "drop_newest" }, outputs: [{ name: "archive", ...(whenFull && { whenFull }) }] });
          let buffer = await again();
          const seen = { "": new Set<string>(), archive: new Set<string>() };
          const out = { "": new Map<string, BufferedBatch>(), archive: new Map<string, BufferedBatch>() };
          let committed = 0;
          for (const { what, to, source, large } of steps) {
            const name = to as keyof typeof seen;
            if (what === "commit") {
              await commitBatch(buffer, { source, bytes: large ? LARGE : 5_000 });
              committed += 1;
            } else if (what === "send") {
              const batch = await buffer.output(name).next();
              if (batch) out[name].set(batch.key, batch);
              if (batch) seen[name].add(batch.key);
            } else if (what === "settle") {
              const [batch] = out[name].values();
              if (batch && out[name].delete(batch.key)) await buffer.output(name).acknowledge(batch, ack(10));
            } else {
              await buffer.close();
              for (const held of Object.values(out)) held.clear();
              buffer = await again();
            }
          }
          for (const { key } of await takeAll(buffer)) seen[""].add(key);
          for (const key of await keysFor(buffer.output("archive"))) seen.archive.add(key);
          const { ledger, outputs } = buffer.state();
          expect((committed - seen[""].size) * 10).toBe(ledger.signals.logs.dropped.buffer_full ?? 0);
          expect((committed - seen.archive.size) * 10).toBe(outputs[0]!.signals.logs.dropped.buffer_full ?? 0);
          expectNoGap(buffer);
          await buffer.close();
        }),
    ),
    { numRuns: 25 },
  ));
