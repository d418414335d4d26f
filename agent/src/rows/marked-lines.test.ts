import { describe, expect, it } from "vitest";
import { LineMarks } from "../core/line-marks.ts";
import { KEY, OBSERVED_NS, lineStream, rowsOf, smallBlock } from "./fixtures.ts";

const markedBlock = (lines: readonly (readonly [text: string, seconds: number, severity: number])[], maxRows = 256) => {
  const block = smallBlock({ maxRows });
  const marks = new LineMarks();
  let end = 0;
  for (const [index, [text, seconds, severity]] of lines.entries()) {
    end += block.input.write(`${text}\n`, end);
    marks.add(end, (index + 1) * 100, seconds, 7, severity);
  }
  return { block, marks, end };
};

const NS = 1_000_000_000n;

describe("marked lines", () => {
  it("have the time and level of their envelope, unless they bring their own", () => {
    const { block, marks, end } = markedBlock([
      ["plain", 1_000, 17],
      ['{"message":"json"}', 2_000, 9],
      ['{"timestamp":"2024-06-07T10:00:00Z","level":"WARN","message":"own"}', 3_000, 9],
      ["", 4_000, 9],
      ["2024-06-07T10:00:01Z ERROR own", 5_000, 9],
      ["no mark of its own", -1, 0],
    ]);
    expect(block.appendLines(lineStream(), 0, end, OBSERVED_NS, false, marks)).toBe(end);
    expect(rowsOf(block.encode(KEY)).map(({ timestamp, observed, severity }) => [timestamp, observed, severity])).toEqual([
      [1_000n * NS + 7n, OBSERVED_NS, 17],
      [2_000n * NS + 7n, OBSERVED_NS, 9],
      [1_717_754_400n * NS, OBSERVED_NS, 13],
      [1_717_754_401n * NS, OBSERVED_NS, 17],
      [OBSERVED_NS, OBSERVED_NS, 0],
    ]);
  });

  it("are found again when a block was full in the middle of them", () => {
    const { block, marks, end } = markedBlock([["a", 1, 1], ["b", 2, 2], ["c", 3, 3], ["d", 4, 4]], 3);
    const taken = block.appendLines(lineStream(), 0, end, OBSERVED_NS, false, marks);
    expect(marks.offsetBehind(taken)).toBe(300);
    block.reset();
    block.appendLines(lineStream(), taken, end, OBSERVED_NS, false, marks);
    expect(rowsOf(block.encode(KEY)).map(({ message, timestamp, severity }) => [message, timestamp, severity])).toEqual([["d", 4n * NS + 7n, 4]]);
    expect([marks.offsetBehind(0), marks.offsetBehind(1), marks.offsetBehind(end)]).toEqual([undefined, undefined, 400]);
  });

  it("are told apart in the compiled row pass too, which takes many lines of one shape at a time", () => {
    const lines = Array.from({ length: 100 }, (_, at) => [at % 3 === 0 ? `{"timestamp":"2024-06-07T10:00:00Z","level":"WARN","n":${at}}` : `{"other":"text","n":${at}}`, 1_000 + at, 1 + (at % 24)] as const);
    const { block, marks, end } = markedBlock(lines);
    block.appendLines(lineStream(), 0, end, OBSERVED_NS, false, marks);
    expect(rowsOf(block.encode(KEY)).map(({ timestamp, severity, attributes }) => [attributes.n, timestamp, severity])).toEqual(
      lines.map(([, seconds, severity], at) => [String(at), ...(at % 3 === 0 ? [1_717_754_400n * NS, 13] : [BigInt(seconds) * NS + 7n, severity])]),
    );
    expect([block.firstNs <= 1_001n * NS + 7n, block.lastNs >= 1_717_754_400n * NS]).toEqual([true, true]);
    expect(block.compiledRecords).toBeGreaterThan(50);
  });

  it("leave no trace on lines that come without marks", () => {
    const { block, marks, end } = markedBlock([["a", 1, 17]]);
    block.appendLines(lineStream(), 0, end, OBSERVED_NS, false, marks);
    block.appendLines(lineStream(), 0, end, OBSERVED_NS);
    expect(rowsOf(block.encode(KEY)).map(({ timestamp, severity }) => [timestamp, severity])).toEqual([[1n * NS + 7n, 17], [OBSERVED_NS, 0]]);
  });
});
