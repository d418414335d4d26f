import { describe, expect, it } from "vitest";
import { ManualClock, RecordingBuffer, streamOf, TextBlock } from "./fixtures.ts";
import { BlockLineShard } from "./line-shard.ts";

const build = ({ maxRows = 3, isManual = false } = {}) => {
  const clock = new ManualClock();
  const buffer = new RecordingBuffer(isManual);
  const block = new TextBlock(maxRows);
  const shard = new BlockLineShard({ block, compress: (pieces) => Buffer.concat(pieces), buffer, clock, lingerMs: 300 });
  return { clock, buffer, shard, block };
};

const feed = (shard: BlockLineShard, text: string, stream = streamOf("file/1"), offset = 0, final = false): Promise<number> => shard.append(stream, offset, shard.input.write(text), final);

const bodies = ({ commits }: RecordingBuffer): string[] => commits.flatMap(({ batches }) => batches.map(({ body }) => Buffer.from(body).toString().split(":")[1]!));
const positions = ({ commits }: RecordingBuffer): Record<string, string>[] =>
  commits.map(({ batches, positions: bare }) => Object.fromEntries([...(bare ?? batches[0]!.positions)].map(([id, bytes]) => [id, Buffer.from(bytes).toString()])));

describe("line shard", () => {
  it("seals a full block with the position behind its last line, in the middle of a chunk", async () => {
    const { buffer, shard } = build();
    expect(await feed(shard, "a\nb\nc\nd\nrest", streamOf("file/1"), 100)).toBe(8);
    expect(bodies(buffer)).toEqual(["a|b|c"]);
    expect(positions(buffer)).toEqual([{ "file/1": "106" }]);
    expect(buffer.commits[0]!.lines).toEqual({ lines: 3, blank: 0, joined: 0 });
    expect(buffer.commits[0]!.batches[0]).toMatchObject({ stream: "logs", rows: 3, firstNs: 5n, lastNs: 9n, key: "0000000000000001-00000002-00000001" });
  });

  it("seals what is there after the linger, counted from the first row", async () => {
    const { clock, buffer, shard } = build();
    await feed(shard, "a\n");
    clock.advance(200);
    await feed(shard, "b\n", streamOf("file/2"), 50);
    clock.advance(99);
    expect(buffer.commits).toHaveLength(0);
    clock.advance(1);
    await shard.flush();
    expect(bodies(buffer)).toEqual(["a|b"]);
    expect(positions(buffer)).toEqual([{ "file/1": "2", "file/2": "52" }]);
    expect(clock.waiting).toBe(0);
  });

  it("takes an unterminated last line only when it is final", async () => {
    const { buffer, shard } = build();
    expect(await feed(shard, "half")).toBe(0);
    expect(await feed(shard, "half", streamOf(""), 0, true)).toBe(4);
    await shard.flush();
    expect(bodies(buffer)).toEqual(["half"]);
    expect(positions(buffer)).toEqual([{}]);
  });

  it("commits positions of blank lines without a batch", async () => {
    const { buffer, shard } = build();
    await feed(shard, "\n\n");
    await shard.flush();
    await shard.flush();
    expect(buffer.commits).toHaveLength(1);
    expect(buffer.commits[0]).toMatchObject({ batches: [], lines: { lines: 2, blank: 2 } });
    expect(positions(buffer)).toEqual([{ "file/1": "2" }]);
  });

  it("commits the position of a stream that has no line yet, after the linger", async () => {
    const { clock, buffer, shard } = build();
    expect(await feed(shard, "", streamOf("file/1"), 700)).toBe(0);
    clock.advance(300);
    await shard.flush();
    expect(buffer.commits).toHaveLength(1);
    expect(buffer.commits[0]).toMatchObject({ batches: [], lines: { lines: 0, blank: 0 } });
    expect(positions(buffer)).toEqual([{ "file/1": "700" }]);
  });

  it("fills the next block while commits are under way, and no more than two of them", async () => {
    const { buffer, shard } = build({ maxRows: 1, isManual: true });
    let consumed: number | undefined;
    const appended = feed(shard, "a\nb\nc\n").then((bytes) => (consumed = bytes));
    await expect.poll(() => buffer.commits.length).toBe(2);
    let isReady = false;
    const ready = shard.ready().then(() => (isReady = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect([consumed, isReady]).toEqual([undefined, false]);
    buffer.finishOldest();
    await appended;
    expect(consumed).toBe(6);
    buffer.finishOldest();
    await ready;
    expect(bodies(buffer)).toEqual(["a", "b", "c"]);
  });

  it("recalls a stream whose lines were left when their time is up, unless it came back before", async () => {
    const { clock, buffer, shard, block } = build();
    let recalls = 0;
    const stream = { ...streamOf("file/1"), recall: () => void recalls++ };
    const leave = async (recallMs: number, text: string): Promise<void> => {
      block.recallMs = recallMs;
      await feed(shard, text, stream);
    };
    await leave(100, "left");
    clock.advance(60);
    await leave(100, "left");
    clock.advance(60);
    expect(recalls).toBe(0);
    clock.advance(40);
    expect(recalls).toBe(1);
    await leave(0, "left\n");
    clock.advance(140);
    // The linger has begun when the line was left.
    await shard.flush();
    expect(bodies(buffer)).toEqual(["left"]);
    expect([recalls, clock.waiting]).toEqual([1, 0]);
  });

  it("is not ready while the buffer is full", async () => {
    const { buffer, shard } = build();
    buffer.hasRoom = false;
    const outcome = await Promise.race([shard.ready().then(() => "ready"), new Promise((resolve) => setImmediate(() => resolve("waits")))]);
    expect(outcome).toBe("waits");
  });

  it("fails every later call when a commit failed for good", async () => {
    const { buffer, shard } = build();
    buffer.commit = () => Promise.reject(new Error("the buffer was closed"));
    await feed(shard, "a\nb\nc\n");
    await expect(shard.flush()).rejects.toThrow("the buffer was closed");
    await expect(shard.ready()).rejects.toThrow("the buffer was closed");
  });
});
