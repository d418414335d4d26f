import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { decodeNative, encodeLogs, formatBatchKey, parseBatchKey, type LogRecord } from "@obs/wire";
import { describe, expect, it } from "vitest";
import { compress, decompress } from "../codec/zstd.ts";
import { idOf, parseId } from "../core/batch-part.ts";
import { conservationGap } from "../core/conservation.ts";
import type { BufferedBatch } from "../core/contracts.ts";
import type { DiskBuffer } from "./disk-buffer.ts";
import { ack, open, takeAll, withFolder } from "./fixtures.ts";
import type { OutputQueue } from "./output-queue.ts";

const record = (message: string): LogRecord => ({
  timestamp: 5n, observed: 5n, severity: 9, service: "api", host: "", environment: "", message, traceId: "", spanId: "", pattern: 0n, weight: 1, attributes: { path: "/" },
});

/** A batch of so many rows, each named by its ordinal. */
const commitLogs = async (buffer: DiskBuffer, rows: number, bytesPerRow = 1): Promise<string> => {
  const key = buffer.nextKey();
  const raw = encodeLogs(Array.from({ length: rows }, (_, row) => record(`${row} ${randomBytes(bytesPerRow).toString("hex")}`)), key, 0, "planes");
  const text = formatBatchKey(key);
  await buffer.commit({ batches: [{ stream: "logs", key: text, rows, rawBytes: raw.length, firstNs: 5n, lastNs: 5n, body: compress([raw]), positions: new Map(), tenant: "t" }], lines: { lines: rows, blank: 0 } });
  return text;
};

const columnsOf = ({ body, rawBytes }: BufferedBatch) => decodeNative(decompress(body, rawBytes))[0]!.columns as { row: number[]; message: string[] };

const gapOf = (buffer: DiskBuffer): number => conservationGap(buffer.state().ledger.signals.logs, buffer.state().rows.logs);

/** Halves whatever comes until no part has more rows than that; acknowledges the rest. */
const sendInParts = async (queue: OutputQueue, most: number): Promise<BufferedBatch[]> => {
  const sent = [];
  for (let batch = await queue.next(); batch; batch = await queue.next()) {
    if (batch.rows > most) {
      expect(await queue.halve(batch)).toBe(true);
      continue;
    }
    sent.push({ ...batch, body: Buffer.from(batch.body) });
    await queue.acknowledge(batch, ack(batch.rows));
  }
  return sent;
};

describe.each([["LevelDB", 1], ["segments", 3_000]])("halves of a batch (bodies in %s)", (_where, bytesPerRow) => {
  it("take its place as repeats under its key, with all of its rows and the ordinals that these had", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder);
      const key = await commitLogs(buffer, 45, bytesPerRow);
      const later = await commitLogs(buffer, 3);
      const sent = await sendInParts(buffer.main, 6);
      expect(sent.slice(0, -1).every((batch) => batch.key === key && batch.attempt === 2 && batch.tenant === "t" && batch.rows === batch.part!.end - batch.part!.first)).toBe(true);
      expect(sent.at(-1)).toMatchObject({ key: later, attempt: 1 });
      const parts = sent.slice(0, -1).map((batch) => ({ part: batch.part!, ...columnsOf(batch) }));
      for (const { part, row, message } of parts) {
        expect(row).toEqual(Array.from({ length: part.end - part.first }, (_, index) => part.first + index));
        expect(message.map((text) => Number.parseInt(text, 10))).toEqual(row);
      }
      expect(parts.flatMap(({ row }) => row).sort((one, other) => one - other)).toEqual([...Array(45).keys()]);
      expect(buffer.state()).toMatchObject({ batches: 0, bytes: 0, rows: { logs: 0 } });
      expect(gapOf(buffer)).toBe(0);
      expect(await readdir(join(folder, "segments"))).toEqual([]);
      await buffer.close();
    }));

  it.each([undefined, randomBytes(32)])("are found after a restart, also a part whose answer did not come (key %#)", (encryptionKey) =>
    withFolder(async (folder) => {
      const options = { ...(encryptionKey && { encryptionKey }), keepAcknowledgedMs: 60_000 };
      const first = await open(folder, options);
      const key = await commitLogs(first, 40, bytesPerRow);
      await first.main.halve((await first.main.next())!);
      const [left, right] = await takeAll(first);
      expect([left!.part, right!.part]).toEqual([{ first: 0, end: 20 }, { first: 20, end: 40 }]);
      await first.main.acknowledge(left!, ack(20));
      expect(await first.main.halve(right!)).toBe(true);
      expect(first.state().rows.logs).toBe(20);
      await first.close();

      const second = await open(folder, options);
      const found = await takeAll(second);
      expect(found.map(idOf)).toEqual([`${key}.20-30`, `${key}.30-40`]);
      expect(found.map(({ attempt }) => attempt)).toEqual([2, 2]);
      expect(found.flatMap((batch) => columnsOf(batch).row)).toEqual(Array.from({ length: 20 }, (_, index) => 20 + index));
      expect(gapOf(second)).toBe(0);
      // The store has lost what it had not synced: the part is asked about again, and no other.
      await second.main.acknowledge(found[0]!, ack(10, "boot-2"));
      expect((await takeAll(second)).map(idOf)).toEqual([`${key}.0-20`]);
      expect(second.state().rows.logs).toBe(30);
      expect(gapOf(second)).toBe(0);
      await second.close();
    }));
});

/** Halves every batch as it comes, and settles no part. */
const partsOf = async ({ main }: DiskBuffer): Promise<BufferedBatch[]> => {
  const parts = [];
  for (let batch = await main.next(); batch; batch = await main.next()) {
    if (batch.part) parts.push(batch);
    else await main.halve(batch);
  }
  return parts;
};

describe("halving", () => {
  it("leaves a lone row and a body that is no block as they are, to be set aside", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder);
      await commitLogs(buffer, 1);
      const key = buffer.nextKey();
      await buffer.commit({ batches: [{ stream: "logs", key: formatBatchKey(key), rows: 7, rawBytes: 4, firstNs: 1n, lastNs: 1n, body: compress([Buffer.from("junk")]), positions: new Map(), tenant: "" }] });
      for (const batch of await takeAll(buffer)) {
        expect(await buffer.main.halve(batch)).toBe(false);
        await buffer.main.deadLetter(batch, "too_large");
      }
      expect(buffer.state()).toMatchObject({ batches: 0, deadLetterBatches: 2, ledger: { signals: { logs: { deadLettered: 8 } } } });
      expect(gapOf(buffer)).toBe(0);
      await buffer.close();
    }));

  it("is each output's own affair", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder, { outputs: [{ name: "archive" }] });
      const key = await commitLogs(buffer, 10, 9_000);
      const archive = buffer.output("archive");
      const whole = (await archive.next())!;
      expect((await sendInParts(buffer.main, 3)).length).toBe(4);
      expect(idOf(whole)).toBe(key);
      expect(columnsOf({ ...whole, body: (await archive.bodyOf(whole))! }).row).toEqual([...Array(10).keys()]);
      await archive.acknowledge(whole, ack(10));
      expect(buffer.state()).toMatchObject({ bytes: 0, rows: { logs: 0 } });
      await buffer.close();
    }));

  it("keeps the parts of batches that a policy might drop", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder, { whenFull: { "": "drop_oldest" } });
      await commitLogs(buffer, 12);
      await commitLogs(buffer, 12);
      expect((await sendInParts(buffer.main, 4)).reduce((rows, batch) => rows + batch.rows, 0)).toBe(24);
      await buffer.close();
    }));

  it("of many batches hands each part out once, also where the walk over the batches comes by while parts wait", () =>
    withFolder(async (folder) => {
      const first = await open(folder);
      for (let count = 0; count < 100; count++) await commitLogs(first, 4);
      await first.close();
      const second = await open(folder);
      const parts = [];
      for (let round = 0; round < 3; round++) {
        for (let count = 0; count < 70; count++) await commitLogs(second, 4);
        parts.push(...(await partsOf(second)));
      }
      expect(new Set(parts.map(idOf)).size).toBe(parts.length);
      expect(parts).toHaveLength(2 * 310);
      expect(parts.every(({ attempt }) => attempt === 2)).toBe(true);
      for (const part of parts) await second.main.acknowledge(part, ack(2));
      expect(second.state()).toMatchObject({ batches: 0, bytes: 0 });
      expect(gapOf(second)).toBe(0);
      await second.close();
    }));
});

it("names of parts are read as they are written, and sort behind their batch and before the next", () => {
  const key = "00000000000000aa-0000000b-0000000c";
  const name = { key, part: { first: 7, end: 4_294_967_295 } };
  expect(parseId(idOf(name))).toEqual(name);
  expect(parseId(key)).toEqual({ key });
  expect([key, idOf(name), "00000000000000aa-0000000b-0000000d"]).toEqual([key, idOf(name), "00000000000000aa-0000000b-0000000d"].toSorted());
  expect(parseBatchKey(parseId(idOf(name)).key)).toBeDefined();
});
