/** What damage to the files does: reported, counted, never fatal, and nothing whole is lost. */

import { readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { STREAM_NAMES } from "@obs/wire";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conservationGap } from "../core/conservation.ts";
import { MetricsRegistry } from "../core/counters.ts";
import { createLog } from "../core/log.ts";
import type { Database } from "./database.ts";
import type { DiskBuffer } from "./disk-buffer.ts";
import { decodeEntry, encodeEntry } from "./entry.ts";
import { ack, commitBatch, LARGE, open, takeAll, withFolder } from "./fixtures.ts";
import type { BodyToKeep } from "./segments.ts";
import type { SegmentStore } from "./segments.ts";

const expectNoGap = (buffer: DiskBuffer): void => {
  for (const stream of STREAM_NAMES) expect(conservationGap(buffer.state().ledger.signals[stream], buffer.state().rows[stream])).toBe(0);
};

const flipByte = async (path: string, at: number): Promise<void> => {
  const bytes = await readFile(path);
  bytes[at]! ^= 0xff;
  await writeFile(path, bytes);
};

const filesOf = async (folder: string, part: string, ending: string): Promise<string[]> =>
  (await readdir(join(folder, part))).filter((name) => name.endsWith(ending)).map((name) => join(folder, part, name));

const withLog = () => {
  const lines: string[] = [];
  return { lines, log: createLog({ level: "info", format: "text", write: (line) => void lines.push(line) }), counters: new MetricsRegistry() };
};

describe("a damaged buffer", () => {
  it("sets a damaged body in a segment aside and sends the others", () =>
    withFolder(async (folder) => {
      const first = await open(folder);
      for (let i = 0; i < 3; i++) await commitBatch(first, { bytes: LARGE });
      await first.close();
      await flipByte((await filesOf(folder, "segments", ".seg"))[0]!, LARGE + 5);
      const { lines, log, counters } = withLog();
      const second = await open(folder, { log, counters });
      expect(await takeAll(second)).toHaveLength(2);
      expect(second.state().ledger.signals.logs.dropped).toEqual({ damaged: 10 });
      expect(second.state().deadLetterBatches).toBe(1);
      expect(counters.text()).toContain('kind="damaged_entry"} 1');
      expect(lines.join("")).toContain("set aside");
      expectNoGap(second);
      await second.close();
    }));

  it("books the rows of a segment that is cut short or gone", () =>
    withFolder(async (folder) => {
      const first = await open(folder, { segmentBytes: LARGE });
      for (let i = 0; i < 3; i++) await commitBatch(first, { bytes: LARGE });
      await first.close();
      const [one, two] = (await filesOf(folder, "segments", ".seg")).sort();
      await truncate(one!, LARGE - 1);
      await rm(two!);
      const second = await open(folder);
      expect(await takeAll(second)).toHaveLength(1);
      expect(second.state().ledger.signals.logs.dropped).toEqual({ damaged: 20 });
      expectNoGap(second);
      await second.close();
    }));

  it("sets a description that does not parse aside, and books its rows by the gap", () =>
    withFolder(async (folder) => {
      const first = await open(folder);
      const { key } = await commitBatch(first);
      await commitBatch(first);
      await first.close();
      const { database } = await (await import("./database.ts")).openDatabase(folder, withLog().log);
      await database.put(`i/${key}`, Buffer.from("nonsense"));
      await database.close();
      const { lines, log } = withLog();
      const second = await open(folder, { log });
      expect(await takeAll(second)).toHaveLength(1);
      expect(second.state().ledger.signals.logs.dropped).toEqual({ damaged: 10 });
      expect(lines.join("")).toContain("rows are missing");
      expectNoGap(second);
      await second.close();
    }));

  it("survives a LevelDB log with damage in its middle, and says what is missing", () =>
    withFolder(async (folder) => {
      const first = await open(folder, { inlineMaxBytes: 1 << 20 });
      for (let i = 0; i < 20; i++) await commitBatch(first, { bytes: 40_000 });
      await first.close();
      const [logFile] = await filesOf(folder, "buffer", ".log");
      await flipByte(logFile!, Math.floor((await readFile(logFile!)).length / 2));
      const second = await open(folder);
      const left = await takeAll(second);
      expect(left.length).toBeGreaterThan(10);
      expect(second.state().ledger.signals.logs.records).toBe(200);
      expect(second.state().ledger.signals.logs.dropped.damaged).toBe(200 - left.length * 10);
      expectNoGap(second);
      await second.close();
    }));

  it("repairs a LevelDB whose manifest is gone", () =>
    withFolder(async (folder) => {
      const first = await open(folder);
      for (let i = 0; i < 5; i++) await commitBatch(first, { bytes: LARGE, positions: { "file/1": String(i) } });
      await first.close();
      for (const name of await readdir(join(folder, "buffer"))) if (name.startsWith("MANIFEST")) await rm(join(folder, "buffer", name));
      const { lines, log, counters } = withLog();
      const second = await open(folder, { log, counters });
      expect(await takeAll(second)).toHaveLength(5);
      expect(Buffer.from(second.positions.get("file/1")!).toString()).toBe("4");
      expect(lines.join("")).toContain("the buffer was repaired");
      expect(counters.text()).toContain('kind="repaired"} 1');
      expectNoGap(second);
      await second.close();
    }));

  it("sets a folder aside that cannot be repaired, and begins anew", () =>
    withFolder(async (folder) => {
      const first = await open(folder);
      await commitBatch(first);
      await first.close();
      // A repair renames what it replaces; a folder in its place cannot be opened as a file.
      for (const name of await readdir(join(folder, "buffer"))) if (!name.startsWith("LOCK")) await rm(join(folder, "buffer", name));
      await writeFile(join(folder, "buffer", "CURRENT"), "MANIFEST-000009\n");
      await writeFile(join(folder, "buffer", "MANIFEST-000009"), Buffer.alloc(100, 1));
      const { lines, log } = withLog();
      const second = await open(folder, { log });
      await commitBatch(second);
      expect(await takeAll(second)).toHaveLength(1);
      expect(lines.join("")).toMatch(/damaged/);
      expectNoGap(second);
      await second.close();
    }));

  it("will not touch a buffer of a newer format", () =>
    withFolder(async (folder) => {
      const first = await open(folder);
      await first.close();
      const { database } = await (await import("./database.ts")).openDatabase(folder, withLog().log);
      await database.put("m/format", Buffer.from("3"));
      await database.close();
      await expect(open(folder)).rejects.toMatchObject({ code: "buffer_version" });
    }));

  it("removes what a write left behind that was never committed", () =>
    withFolder(async (folder) => {
      await (await open(folder)).close();
      await writeFile(join(folder, "segments", "0000000007.seg"), Buffer.alloc(1000));
      const buffer = await open(folder);
      expect(await filesOf(folder, "segments", ".seg")).toEqual([]);
      await commitBatch(buffer, { bytes: LARGE });
      expect(await takeAll(buffer)).toHaveLength(1);
      await buffer.close();
    }));
});

const full = (): Error => Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });

/** Stands where the disk is: while `isFull`, nothing that grows is written. */
const quota = () => {
  const state = { isFull: false, failDatabase: false };
  return {
    state,
    wrap: ({ database, segments }: { database: Database; segments: SegmentStore }) => ({
      segments: Object.create(segments, {
        append: { value: (bodies: readonly BodyToKeep[]) => (state.isFull && bodies.length > 0 ? Promise.reject(full()) : segments.append(bodies)) },
      }) as SegmentStore,
      database: new Proxy(database, {
        get: (target, name) => {
          if (name === "batch" && state.failDatabase) return () => Promise.reject(new Error("Database write failed", { cause: new Error("IO error: 000005.log: No space left on device") }));
          const value = Reflect.get(target, name) as unknown;
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      }),
    }),
  };
};

describe("a full disk", () => {
  it("makes commits wait, lets acknowledgements through, and goes on when there is room", () =>
    withFolder(async (folder) => {
      const { state, wrap } = quota();
      const { lines, log } = withLog();
      const buffer = await open(folder, { wrap, log });
      await commitBatch(buffer, { bytes: LARGE });
      const [batch] = await takeAll(buffer);
      state.isFull = true;
      let isDurable = false;
      const waiting = commitBatch(buffer, { bytes: LARGE }).then(() => (isDurable = true));
      await buffer.main.acknowledge(batch!, ack(10));
      expect(isDurable).toBe(false);
      expect(buffer.state().ledger.signals.logs).toMatchObject({ records: 10, stored: 10 });
      state.isFull = false;
      await waiting;
      expect(lines.filter((line) => line.includes("the disk is full"))).toHaveLength(1);
      expect(lines.join("")).toContain("can be written again");
      expect(await takeAll(buffer)).toHaveLength(1);
      await buffer.close();
    }));

  it("opens LevelDB again after a failed write and repeats it, booking nothing twice", () =>
    withFolder(async (folder) => {
      const { state, wrap } = quota();
      const buffer = await open(folder, { wrap });
      await commitBatch(buffer);
      state.failDatabase = true;
      const waiting = Promise.all([commitBatch(buffer, { bytes: LARGE }), commitBatch(buffer)]);
      await expect.poll(() => buffer.state().commits).toBe(1);
      state.failDatabase = false;
      await waiting;
      expect(buffer.state().ledger.signals.logs.records).toBe(30);
      expect(await takeAll(buffer)).toHaveLength(3);
      await buffer.close();
      const again = await open(folder);
      expect(await takeAll(again)).toHaveLength(3);
      expectNoGap(again);
      await again.close();
    }));

  it("ends with what was not written rejected, not hanging", () =>
    withFolder(async (folder) => {
      const { state, wrap } = quota();
      const buffer = await open(folder, { wrap });
      state.isFull = true;
      const committed = commitBatch(buffer, { bytes: LARGE }).catch((error: Error) => error.message);
      await buffer.close();
      expect(await committed).toContain("could not be written");
    }));
});

describe("description of a batch", () => {
  const entries = fc.record({
    key: fc.string(),
    stream: fc.constantFrom(...STREAM_NAMES),
    tenant: fc.string({ unit: "grapheme" }),
    rows: fc.nat(),
    rawBytes: fc.nat(),
    firstNs: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    lastNs: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    bodyBytes: fc.nat(),
    bodyCrc: fc.nat({ max: 2 ** 31 }),
  });

  it("is read as it was written", () => {
    fc.assert(fc.property(entries, (entry) => void expect(decodeEntry(encodeEntry(entry))).toEqual(entry)));
  });

  it("with any byte changed or cut is not read at all", () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.integer({ min: 1, max: 255 }), (entry, at, change) => {
        const bytes = encodeEntry(entry);
        bytes[at % bytes.length]! ^= change;
        expect(decodeEntry(bytes)).toBeUndefined();
        expect(decodeEntry(encodeEntry(entry).subarray(0, at % bytes.length))).toBeUndefined();
      }),
    );
  });
});
