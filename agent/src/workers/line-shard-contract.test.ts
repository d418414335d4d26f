/** What a source may rely on, of both kinds of line shards: of this thread, and of a worker thread. */

import * as fc from "fast-check";
import { afterAll, describe, expect, it, vi } from "vitest";
import { KeyOrder } from "../buffer/key-order.ts";
import { decompress } from "../codec/zstd.ts";
import { systemClock } from "../core/clock.ts";
import { correctedClock } from "../core/clock-skew.ts";
import type { LineShard, LineStream } from "../core/contracts.ts";
import { LineMarks } from "../core/line-marks.ts";
import type { MultilineSettings } from "../multiline/index.ts";
import { openLineShard } from "../open-line-shard.ts";
import type { RowCounts } from "../rows/contracts.ts";
import { rowsOf } from "../rows/fixtures.ts";
import { twoLinesOfOneShape } from "../rows/json-lines.fixtures.ts";
import { INPUT_BYTES } from "../rows/log-block.ts";
import { RecordingBuffer, streamOf } from "../shard/fixtures.ts";
import { WorkerLineShard } from "./worker-line-shard.ts";
import { WorkerPool } from "./worker-pool.ts";

interface Options {
  readonly maxRows?: number;
  readonly lingerMs?: number;
  readonly isManual?: boolean;
  readonly multiline?: MultilineSettings | undefined;
}

type OpenedShard = LineShard & { readonly counts: RowCounts; close(): Promise<void> };

const pool = new WorkerPool(new URL("../line-worker.ts", import.meta.url), (error) => {
  throw error;
});
/** Holds the thread, which else would start anew for each test. */
const holder = new WorkerLineShard({ pool, thread: 0, setup: { config: setupOf({}), multiline: undefined }, inputBytes: 64, buffer: new KeyOrder().over(new RecordingBuffer()), clockSkewMs: () => 0 });
afterAll(() => holder.close());

function setupOf({ maxRows = 3, lingerMs = 20 }: Options) {
  return { batch: { max_rows: maxRows, linger: lingerMs }, mask: { enabled: true, detectors: ["email" as const] } };
}

const KINDS: Readonly<Record<string, (options: Options, buffer: RecordingBuffer, skewMs: () => number) => OpenedShard>> = {
  "this thread": (options, buffer, skewMs) => {
    const skew = {
      get offsetMs() {
        return -skewMs();
      },
    };
    const { shard, counts } = openLineShard(setupOf(options), options.multiline, new KeyOrder().over(buffer), correctedClock(systemClock, skew), skewMs);
    return Object.assign(shard, { counts, close: () => Promise.resolve() });
  },
  "a worker thread": (options, buffer, clockSkewMs) =>
    new WorkerLineShard({ pool, thread: 0, setup: { config: setupOf(options), multiline: options.multiline }, inputBytes: INPUT_BYTES, buffer: new KeyOrder().over(buffer), clockSkewMs }),
};

const feed = (shard: LineShard, text: string, stream: LineStream, offset = 0, final = false, marks?: LineMarks): Promise<number> => shard.append(stream, offset, shard.input.write(text), final, marks);
const rowsIn = ({ commits }: RecordingBuffer) => commits.flatMap(({ batches }) => batches.flatMap(({ body }) => rowsOf([decompress(body, 1 << 30)])));
const messages = (buffer: RecordingBuffer): string[] => rowsIn(buffer).map(({ message }) => message);
const positions = ({ commits }: RecordingBuffer): Record<string, string>[] =>
  commits.map(({ batches, positions: bare }) => Object.fromEntries([...(bare ?? batches[0]!.positions)].map(([id, bytes]) => [id, Buffer.from(bytes).toString()])));

describe.each(Object.keys(KINDS))("line shard of %s", (kind) => {
  const within = async (options: Options, run: (parts: { buffer: RecordingBuffer; shard: OpenedShard; skew: { ms: number } }) => Promise<void>): Promise<void> => {
    const buffer = new RecordingBuffer(options.isManual);
    const skew = { ms: 0 };
    const shard = KINDS[kind]!(options, buffer, () => skew.ms);
    try {
      await holder.append(streamOf("holder"), 0, 0);
      await run({ buffer, shard, skew });
    } finally {
      await shard.close();
    }
  };

  it("seals a full block with the position behind its last line, in the middle of a chunk", () =>
    within({ lingerMs: 60_000 }, async ({ buffer, shard }) => {
      expect(await feed(shard, "a\nb\nc\nd\nrest", streamOf("file/1"), 100)).toBe(8);
      expect(messages(buffer)).toEqual(["a", "b", "c"]);
      expect(positions(buffer)).toEqual([{ "file/1": "106" }]);
      expect(buffer.commits[0]!.lines).toEqual({ lines: 3, blank: 0, joined: 0 });
      expect(buffer.commits[0]!.batches[0]).toMatchObject({ stream: "logs", rows: 3, key: "0000000000000001-00000002-00000001", tenant: "" });
      await shard.flush();
      expect(messages(buffer)).toEqual(["a", "b", "c", "d"]);
      expect(shard.counts).toMatchObject({ lines: 4, records: 4 });
      expect([...new Set(rowsIn(buffer).map(({ batch }) => batch))]).toHaveLength(2);
    }));

  it("seals what is there after the linger, with the last position of every stream", () =>
    within({ lingerMs: 50 }, async ({ buffer, shard }) => {
      await feed(shard, "a\n", streamOf("file/1"));
      await feed(shard, "b\n", streamOf("file/2"), 50);
      await feed(shard, "", streamOf("file/3"), 700);
      await expect.poll(() => positions(buffer)).toEqual([{ "file/1": "2", "file/2": "52", "file/3": "700" }]);
      expect(messages(buffer)).toEqual(["a", "b"]);
    }));

  it("takes an unterminated last line only when it is final, and stores no position without an id", () =>
    within({}, async ({ buffer, shard }) => {
      expect(await feed(shard, "half", streamOf(""))).toBe(0);
      expect(await feed(shard, "half", streamOf(""), 0, true)).toBe(4);
      await shard.flush();
      expect(messages(buffer)).toEqual(["half"]);
      expect(positions(buffer).at(-1)).toEqual({});
    }));

  it("commits positions of blank lines without a batch", () =>
    within({ lingerMs: 60_000 }, async ({ buffer, shard }) => {
      await feed(shard, "\n\n", streamOf("file/1"));
      await shard.flush();
      await shard.flush();
      expect(buffer.commits).toHaveLength(1);
      expect(buffer.commits[0]).toMatchObject({ batches: [], lines: { lines: 2, blank: 2 } });
      expect(positions(buffer)).toEqual([{ "file/1": "2" }]);
    }));

  it("fills the next block while commits are under way, and no more than two of them", () =>
    within({ maxRows: 1, isManual: true }, async ({ buffer, shard }) => {
      let consumed: number | undefined;
      const appended = feed(shard, "a\nb\nc\n", streamOf("file/1")).then((bytes) => (consumed = bytes));
      await expect.poll(() => buffer.commits.length).toBe(2);
      let isReady = false;
      const ready = shard.ready().then(() => (isReady = true));
      await new Promise((resolve) => setImmediate(resolve));
      expect([consumed, isReady]).toEqual([undefined, false]);
      buffer.finishOldest();
      await appended;
      expect(consumed).toBe(6);
      await expect.poll(() => buffer.commits.length).toBe(3);
      buffer.finishOldest();
      await ready;
      expect(messages(buffer)).toEqual(["a", "b", "c"]);
    }));

  it("cuts a line that fills the input, skips the rest of it, and says so where the position is encoded", () =>
    within({ lingerMs: 60_000 }, async ({ buffer, shard }) => {
      const stream = { ...streamOf("file/1"), isSkipping: false };
      stream.encodePosition = (offset) => Buffer.from(`${offset} ${stream.isSkipping}`);
      const { length } = shard.input;
      shard.input.fill("x");
      expect(await shard.append(stream, 0, length)).toBe(length);
      expect(stream.isSkipping).toBe(true);
      await shard.flush();
      expect(await feed(shard, "xxx\nnext\n", stream, length)).toBe(9);
      expect(stream.isSkipping).toBe(false);
      await shard.flush();
      expect(positions(buffer)).toEqual([{ "file/1": `${length} true` }, { "file/1": `${length + 9} false` }]);
      expect(messages(buffer).map((message) => message.length)).toEqual([1024 * 1024, 4]);
    }));

  it("recalls a stream whose lines were left when their time is up", () =>
    within({ multiline: { lingerMs: 60, maxLines: 10, maxBytes: 10_000 } }, async ({ buffer, shard }) => {
      const recall = vi.fn<() => void>();
      const stream = { ...streamOf("file/1"), recall };
      expect(await feed(shard, "Traceback (most recent call last):\n", stream)).toBe(0);
      await expect.poll(() => recall.mock.calls.length).toBe(1);
      expect(await feed(shard, "Traceback (most recent call last):\n", stream)).toBe(35);
      await shard.flush();
      expect(messages(buffer)).toEqual(["Traceback (most recent call last):"]);
    }));

  it("takes time, level and offsets of lines from their marks", () =>
    within({ lingerMs: 60_000 }, async ({ buffer, shard }) => {
      const marks = new LineMarks();
      marks.add(4, 1_000, 1_700_000_000, 5, 17);
      marks.add(8, 2_000, 1_700_000_001, 6);
      expect(await feed(shard, "one\ntwo\n", streamOf("file/1"), 0, false, marks)).toBe(8);
      await shard.flush();
      expect(rowsIn(buffer)).toMatchObject([
        { message: "one", timestamp: 1_700_000_000_000_000_005n, severity: 17 },
        { message: "two", timestamp: 1_700_000_001_000_000_006n },
      ]);
      expect(positions(buffer)).toEqual([{ "file/1": "2000" }]);
    }));

  it("marks rows with the skew of this host's clock, and corrects their times", () =>
    within({ lingerMs: 60_000 }, async ({ buffer, shard, skew }) => {
      const stream = streamOf("file/1");
      await feed(shard, "right\n", stream);
      skew.ms = 3_600_000;
      await feed(shard, "wrong\n", stream);
      await shard.flush();
      const [right, wrong] = rowsIn(buffer);
      expect(Object.entries(wrong!.attributes).filter(([name]) => name.includes("skew"))).toHaveLength(1);
      expect(Object.keys(right!.attributes)).toEqual([]);
      expect(Number((right!.observed - wrong!.observed) / 1_000_000_000n)).toBeGreaterThan(3_500);
    }));

  it("is not ready while the buffer is full", () =>
    within({}, async ({ buffer, shard }) => {
      buffer.hasRoom = false;
      expect(await Promise.race([shard.ready().then(() => "ready"), new Promise((resolve) => setImmediate(() => resolve("waits")))])).toBe("waits");
    }));

  it("fails every later call when a commit failed for good", () =>
    within({ lingerMs: 60_000 }, async ({ buffer, shard }) => {
      buffer.commit = () => Promise.reject(new Error("the buffer was closed"));
      await feed(shard, "a\nb\n", streamOf("file/1"));
      await expect(shard.flush()).rejects.toThrow("the buffer was closed");
      await expect(shard.ready()).rejects.toThrow("the buffer was closed");
      await expect(shard.flush()).rejects.toThrow("the buffer was closed");
    }));
});

describe("a worker thread", () => {
  it("makes the rows that this thread makes, whatever the lines and however they are cut into chunks", async () => {
    const lines = fc.array(fc.oneof(twoLinesOfOneShape.map(({ lines: both }) => both.join("")), fc.constantFrom("\n", "plain text\n", "Error: x\n    at f (a.js:1:1)\n", "caf\u00e9 \u0000\n", "2024-06-07 10:00:00,5 WARN a@example.com\n")), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(lines, { minLength: 1, maxLength: 4 }), async (chunks) => {
        const [here, there] = await Promise.all(
          Object.values(KINDS).map(async (open) => {
            const buffer = new RecordingBuffer();
            const shard = open({ maxRows: 7, lingerMs: 60_000 }, buffer, () => 0);
            let offset = 0;
            for (const chunk of chunks) offset += await feed(shard, chunk.join(""), streamOf("file/1"), offset);
            await shard.flush();
            await shard.close();
            // Lines without a time have that of their reading.
            const rows = rowsIn(buffer).map(({ batch: _batch, observed, timestamp, ...row }) => ({ ...row, timestamp: timestamp === observed ? "now" : timestamp }));
            return { rows, offset, last: positions(buffer).at(-1), counts: structuredClone(shard.counts) };
          }),
        );
        expect(there).toEqual(here);
      }),
      { numRuns: 60 },
    );
  });

  it("says what happened when it ends by a fault, and holds up nobody else's batches", async () => {
    const lost: Error[] = [];
    const failing = new WorkerPool(new URL("data:text/javascript,throw new Error('no memory')"), (error) => void lost.push(error));
    const buffer = new RecordingBuffer();
    const order = new KeyOrder();
    const shard = new WorkerLineShard({ pool: failing, thread: 0, setup: { config: setupOf({}), multiline: undefined }, inputBytes: 4096, buffer: order.over(buffer), clockSkewMs: () => 0 });
    const appended = feed(shard, "a\n", streamOf("file/1"));
    shard.reserveKey();
    const other = order.over(buffer).commit({ batches: [], positions: new Map() });
    await expect(appended).rejects.toThrow("a worker thread has ended (no memory)");
    await expect(shard.ready()).rejects.toThrow("no memory");
    await expect(shard.flush()).rejects.toThrow("no memory");
    await other;
    expect(lost).toHaveLength(1);
    await shard.close();
  });
});
