import { PassThrough, Readable } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LineShard, LineStream } from "../../core/contracts.ts";
import { createStdinSource } from "./index.ts";

const NEWLINE = 0x0a;

/** Test double of the border to the pipeline; its input is overwritten after every append. */
const lineShard = (inputBytes: number): LineShard & { lines: string[]; offsets: number[] } => {
  const input = Buffer.alloc(inputBytes);
  const lines: string[] = [];
  const offsets: number[] = [];
  return {
    input,
    lines,
    offsets,
    ready: async () => {},
    flush: async () => {},
    append: async (_stream, offset, length, final = false) => {
      let start = 0;
      for (;;) {
        const newline = input.subarray(start, length).indexOf(NEWLINE);
        const rest = final || (start === 0 && length === inputBytes) ? length : start;
        const end = newline === -1 ? rest : start + newline + 1;
        if (end === start) break;
        lines.push(input.toString("utf8", start, end).replace(/\n$/, ""));
        offsets.push(offset + start);
        start = end;
      }
      input.fill(0x21);
      return start;
    },
  };
};

const shipped = async (chunks: Buffer[], inputBytes = 64): Promise<string[]> => {
  const shard = lineShard(inputBytes);
  const counters = { add: () => {} };
  const source = createStdinSource({ service: "stdin", environment: "" }, shard, { host: "web-01", counters, input: Readable.from(chunks) });
  await source.start();
  await source.done;
  return shard.lines;
};

describe("stdin source", () => {
  it.each([
    ["nothing", "", []],
    ["whole lines", "one\ntwo\n", ["one", "two"]],
    ["an unterminated last line", "one\ntwo", ["one", "two"]],
    ["blank lines", "\n\none\n", ["", "", "one"]],
  ])("ships %s", async (_name, text, lines) => {
    expect(await shipped([Buffer.from(text)])).toEqual(lines);
  });

  it("ships the same lines however the pipe cuts them", async () => {
    const line = fc.string({ unit: fc.constantFrom("a", "é", "日", " "), maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 30 }), fc.array(fc.nat(40), { maxLength: 60 }), async (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        const chunks: Buffer[] = [];
        let from = 0;
        for (const cut of cuts) chunks.push(bytes.subarray(from, (from = Math.min(bytes.length, from + cut))));
        chunks.push(bytes.subarray(from));
        expect(await shipped(chunks)).toEqual(lines);
      }),
      { numRuns: 60 },
    );
  });

  it("hands on what was left when it is recalled, and at the latest when it stops", async () => {
    const shard = lineShard(64);
    let stream: LineStream | undefined;
    let isLeft = true;
    let given = 0;
    const append = async (...[from, offset, length, final]: Parameters<LineShard["append"]>): Promise<number> => {
      stream = from;
      given = length;
      return isLeft && !final ? 0 : shard.append(from, offset, length, final);
    };
    const input = new PassThrough();
    const source = createStdinSource({ service: "stdin", environment: "" }, { ...shard, append }, { host: "web-01", counters: { add: () => {} }, input });
    await source.start();
    input.write("one\n");
    await expect.poll(() => stream).toBeDefined();
    expect(shard.lines).toEqual([]);
    isLeft = false;
    stream!.recall!();
    await expect.poll(() => shard.lines).toEqual(["one"]);
    isLeft = true;
    input.write("two\nthr");
    input.write("ee");
    await expect.poll(() => given).toBe("two\nthree".length);
    await source.stop();
    expect(shard.lines).toEqual(["one", "two", "three"]);
    expect(shard.offsets).toEqual([0, 4, 8]);
  });

  it("stops while it waits for input or for the shard", async () => {
    const shard = { ...lineShard(64), ready: (signal?: AbortSignal) => new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve())) };
    const input = Readable.from([Buffer.from("one\n")]);
    const source = createStdinSource({ service: "stdin", environment: "" }, shard, { host: "web-01", counters: { add: () => {} }, input });
    await source.start();
    await source.stop();
    await source.stop();
    await source.done;
    expect(shard.lines).toEqual([]);
  });
});
