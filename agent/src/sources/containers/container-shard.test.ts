import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LineStream } from "../../core/contracts.ts";
import { ManualClock, RecordingBuffer, TextBlock } from "../../shard/fixtures.ts";
import { BlockLineShard } from "../../shard/line-shard.ts";
import { RecordingShard } from "../file/recording-shard.ts";
import { fixedBook, MemoryFollower } from "./fixtures.ts";

type Format = "docker" | "cri";

interface Piece {
  readonly side: "stdout" | "stderr";
  readonly text: string;
  readonly partial: boolean;
}

/** Leaves the last line now and then, as a block does whose records may go on. */
class LeavingBlock extends TextBlock {
  leaves: () => boolean = () => false;

  override appendLines(stream: LineStream, start: number, end: number, observedNs: bigint, final = false): number {
    const isLeft = !final && end > start && this.leaves();
    return super.appendLines(stream, start, isLeft ? Math.max(start, this.input.lastIndexOf(10, end - 2) + 1) : end, observedNs, final);
  }
}

const TIME = "2024-05-06T07:08:09.000000001Z";

const envelope = ({ side, text, partial }: Piece, format: Format): string =>
  format === "cri" ? `${TIME} ${side} ${partial ? "P" : "F"} ${text}\n` : `${JSON.stringify({ log: partial ? text : `${text}\n`, stream: side, time: TIME })}\n`;

const fileOf = (pieces: readonly Piece[], format: Format): Buffer => Buffer.from(pieces.map((piece) => envelope(piece, format)).join(""));

const out = (text: string, partial = false): Piece => ({ side: "stdout", text, partial });
const err = (text: string, partial = false): Piece => ({ side: "stderr", text, partial });

/** Lines in the order in which they end. */
const linesOf = (pieces: readonly Piece[]): string[] => {
  const begun = { stdout: "", stderr: "" };
  return pieces.flatMap(({ side, text, partial }) => {
    begun[side] += text;
    if (partial) return [];
    const line = begun[side];
    begun[side] = "";
    return [line];
  });
};

describe.each<Format>(["docker", "cri"])("unwrapping %s", (format) => {
  it("gives each line its side, its container and its place", async () => {
    const shard = new RecordingShard(8_192);
    const follower = new MemoryFollower(shard, new Map());
    const pieces = [out("one"), err("two"), out("thr", true), out("ee"), out("")];
    await follower.read(fileOf(pieces, format));
    await shard.flush();
    expect(shard.lines.map(({ text, stream }) => [text, stream.attributes["log.iostream"], stream.attributes["container.name"], stream.service, stream.host])).toEqual(
      ["one", "two", "three", ""].map((text) => [text, text === "two" ? "stderr" : "stdout", "web", "web", "node-1"]),
    );
    expect([...shard.positions].map(([id, bytes]) => [id, Buffer.from(bytes).toString()])).toEqual([["test/file/1", `${follower.offset} ${follower.offset}`]]);
    expect(follower.events.partials_joined).toBe(2);
  });

  it("waits for the end of a line, then takes what there is", async () => {
    const clock = new ManualClock();
    const shard = new RecordingShard(8_192);
    const follower = new MemoryFollower(shard, new Map(), { clock, partialWaitMs: 5_000 });
    const pieces = [out("before"), out("Password: ", true), err("meanwhile")];
    const file = fileOf(pieces, format);
    await follower.read(file);
    expect(shard.texts()).toEqual(["before"]);
    clock.advance(4_999);
    await follower.read(file);
    expect(shard.texts()).toEqual(["before"]);
    clock.advance(1);
    await follower.read(file);
    expect(shard.texts()).toEqual(["before", "meanwhile", "Password: "]);
    expect([follower.offset, follower.events.partials_split]).toEqual([file.length, 1]);
  });

  it("takes unfinished lines of a file that is over", async () => {
    const shard = new RecordingShard(8_192);
    const follower = new MemoryFollower(shard, new Map());
    await follower.read(fileOf([err("a", true), out("b", true)], format), true);
    expect(shard.texts()).toEqual(["b", "a"]);
  });

  it("keeps what is no envelope as it is, and counts it", async () => {
    const shard = new RecordingShard(8_192);
    const follower = new MemoryFollower(shard, new Map());
    await follower.read(Buffer.from(`plain\n{"broken\n\n${envelope(out("good"), format)}`));
    expect(shard.texts()).toEqual(["plain", '{"broken', "", "good"]);
    expect(follower.events.envelopes_malformed).toBe(2);
  });

  it("cuts what fills its whole input, and goes on behind it", async () => {
    const shard = new RecordingShard(1_024);
    const follower = new MemoryFollower(shard, new Map());
    const long = Array.from({ length: 12 }, (_, at) => out(String(at % 10).repeat(100), true));
    await follower.read(Buffer.concat([Buffer.from(`${"x".repeat(3_000)}\n`), fileOf([...long, out("end"), err("next")], format)]));
    const texts = shard.texts();
    expect(texts[0]).toBe("x".repeat(960));
    expect(texts.slice(1).join("")).toBe(`${long.map(({ text }) => text).join("")}endnext`);
    expect(texts.at(-1)).toBe("next");
  });

  it("moves on over the lines of an excluded container without handing them on", async () => {
    const shard = new RecordingShard(8_192);
    const follower = new MemoryFollower(shard, new Map(), { book: fixedBook({ excluded: true }) });
    const file = fileOf([out("secret"), err("half", true)], format);
    await follower.read(file);
    await shard.flush();
    expect([shard.texts(), follower.offset, follower.events.bytes_excluded]).toEqual([[], file.length, file.length]);
    expect(shard.positions.size).toBe(1);
  });

  it("hands on every line exactly once, over any chunks, batches and kills", async () => {
    const piece = fc.record({ side: fc.constantFrom("stdout" as const, "stderr" as const), partial: fc.boolean(), text: fc.string({ unit: fc.constantFrom("a", "é", "\\", '"', "😀", " "), maxLength: 12 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), fc.array(fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), kill: fc.boolean() }), { maxLength: 8 }), fc.integer({ min: 1, max: 5 }), fc.infiniteStream(fc.boolean()), async (drawn, steps, maxRows, left) => {
        // Numbered, so that blank lines and equal ones can be told apart; whole at the end.
        const pieces = [...drawn.map((one, at) => ({ ...one, text: `${at}:${one.text}` })), out("last"), err("last")];
        const file = fileOf(pieces, format);
        const durable: string[] = [];
        const positions = new Map<string, Uint8Array>();
        let buffer = new RecordingBuffer();
        let shard: BlockLineShard;
        let block: LeavingBlock;
        let follower: MemoryFollower;
        const begin = () => {
          buffer = new RecordingBuffer();
          block = new LeavingBlock(maxRows);
          block.leaves = () => left.next().value as boolean;
          shard = new BlockLineShard({ block, compress: (pieces) => Buffer.concat(pieces), buffer, clock: new ManualClock(), lingerMs: 300 });
          follower = new MemoryFollower(shard, positions, { clock: new ManualClock() });
        };
        // kill -9: what is in commits is durable, a block that was not full is not.
        const end = () => {
          for (const { batches, positions: bare } of buffer.commits) {
            for (const { body } of batches) durable.push(...Buffer.from(body).toString().split("\u0000"));
            for (const [id, bytes] of bare ?? batches[0]!.positions) positions.set(id, bytes);
          }
        };
        begin();
        for (const { share, kill } of [...steps.sort((a, b) => a.share - b.share), { share: 1, kill: false }]) {
          await follower!.read(file.subarray(0, Math.max(Math.floor(file.length * share), follower!.offset)));
          if (!kill) continue;
          end();
          begin();
        }
        block!.leaves = () => false;
        await follower!.read(file);
        await shard!.flush();
        end();
        const lines = durable.flatMap((body) => body.slice(body.indexOf(":") + 1).split("|"));
        expect(lines).toEqual(linesOf(pieces));
      }),
      { numRuns: 300 },
    );
  });
});
