import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LineStream } from "../core/contracts.ts";
import { BRIEF_MS, DEFAULT_MULTILINE, joinLines } from "../multiline/index.ts";
import { append, KEY, lineStream, OBSERVED_NS, recordsOf, rowsOf, smallBlock } from "./fixtures.ts";
import type { LogBlock } from "./log-block.ts";

const multiline = DEFAULT_MULTILINE;
const LINGER_MS = multiline.lingerMs;
const TRACE = "Error: boom\n    at f (x.js:1:2)\n";
const JSON_LINE = '{"message":"m"}\n';

const recalled = (): LineStream => ({ ...lineStream(), recall: () => {} });
/** Appends `text` as all there is of the stream, so many ms after the first look. */
const look = (block: LogBlock, stream: LineStream, text: string, ms = 0, final = false): number => {
  block.input.write(text);
  return block.appendLines(stream, 0, Buffer.byteLength(text), OBSERVED_NS + BigInt(ms) * 1_000_000n, final);
};
const messagesOf = (block: LogBlock): string[] => rowsOf(block.encode(KEY)).map(({ message }) => message);

describe("rows of several lines", () => {
  it("are one record; lines = records + joined + blank", () => {
    const { block, rows } = recordsOf(`2026-03-05T10:00:00Z WARN slow\n  a\r\n  b\r\n\n${JSON_LINE}${TRACE}\n\nlast`, { multiline });
    expect(rows.map(({ message }) => message)).toEqual(["slow\n  a\n  b", "m", TRACE.trimEnd(), "last"]);
    expect(rows.map(({ severity }) => severity)).toEqual([13, 0, 17, 0]);
    expect(rows[0]!.timestamp).toBe(BigInt(Date.UTC(2026, 2, 5, 10)) * 1_000_000n);
    expect(block.counts).toMatchObject({ lines: 10, records: 4, joined: 3, blank: 3 });
  });

  it("may be JSON over several lines, which is a record like any other", () => {
    const { block, rows } = recordsOf(`{\n  "message": "m",\n  "a": {\n    "b": 1\n  }\n}\n${JSON_LINE}`, { multiline });
    expect(rows.map(({ message, attributes }) => [message, attributes])).toEqual([["m", { "a.b": "1" }], ["m", {}]]);
    expect(block.counts).toMatchObject({ lines: 7, records: 2, joined: 5, malformed: 0 });
  });

  it("are masked, and replaced where they are not UTF-8, as any other", () => {
    const { rows } = recordsOf(Buffer.concat([Buffer.from("Error: bob@example.com\r\n\tat 4111 1111 1111 1111 "), Buffer.from([0xff]), Buffer.from("\r\n")]), { multiline });
    expect(rows.map(({ message }) => message)).toEqual(["Error: [EMAIL]\n\tat [CARD] \ufffd"]);
  });

  it("are each line for itself without the option", () => {
    expect(recordsOf(TRACE).block.counts).toMatchObject({ lines: 2, records: 2, joined: 0 });
  });

  it("follow a user's patterns, lines of JSON included", () => {
    const { rows } = recordsOf(`-- one\n${JSON_LINE}x\n-- two\n`, { multiline: { ...multiline, start: "^--" } });
    expect(rows.map(({ message }) => message)).toEqual([`-- one\n${JSON_LINE}x`, "-- two"]);
  });

  it("go into the next block whole when this one is full", () => {
    const block = smallBlock({ maxRows: 1, multiline });
    const text = `a\n${TRACE}`;
    const stream = lineStream();
    expect(append(block, stream, text)).toBe(2);
    block.reset();
    expect(block.appendLines(stream, 2, text.length, OBSERVED_NS)).toBe(text.length);
    expect(messagesOf(block)).toEqual([TRACE.trimEnd()]);
    expect(block.counts).toMatchObject({ lines: 3, records: 2, joined: 1 });
  });

  it("are those of joinLines", () => {
    const line = fc.constantFrom("", "  ", "text", "  more", "\tat x", "Error: x", "Caused by: y", "panic: z", "goroutine 1 [running]:", "main.main()", "2026-03-05 x", "12 monkeys", "Traceback (most recent call last):", "KeyError", "}", "{ ");
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        const { block, rows } = recordsOf(lines.map((text) => `${text}\n`).join(""), { multiline });
        expect(rows.map(({ message }) => message)).toEqual(joinLines(lines));
        expect(block.counts.lines).toBe(lines.length);
        expect(block.counts.records + block.counts.joined + block.counts.blank).toBe(lines.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe("lines whose record may go on", () => {
  it.each([
    ["an ordinary line", "ordinary\n", BRIEF_MS],
    ["the head of a trace", "Traceback (most recent call last):\n", LINGER_MS],
    ["a trace", TRACE, LINGER_MS],
  ])("are left: %s", (_, text, waitMs) => {
    const block = smallBlock({ multiline });
    const stream = recalled();
    expect(look(block, stream, JSON_LINE + text)).toBe(JSON_LINE.length);
    expect(block.recallMs).toBe(waitMs);
    expect(look(block, stream, text, waitMs - 1)).toBe(0);
    expect(block.recallMs).toBe(1);
    expect(look(block, stream, text, waitMs)).toBe(text.length);
    expect(block.recallMs).toBe(0);
    expect(block.counts.lines).toBe(1 + text.split("\n").length - 1);
  });

  it("are not left: JSON, and text before another line", () => {
    const block = smallBlock({ multiline });
    expect(look(block, recalled(), `text\n${JSON_LINE}`)).toBe(5 + JSON_LINE.length);
    expect(block.recallMs).toBe(0);
    expect(block.rows).toBe(2);
  });

  it("are not left when nothing follows any more, and not where nobody could recall them", () => {
    for (const [stream, final] of [[recalled(), true], [lineStream(), false]] as const) {
      const block = smallBlock({ multiline });
      expect(look(block, stream, TRACE, 0, final)).toBe(TRACE.length);
      expect([block.rows, block.recallMs]).toEqual([1, 0]);
    }
  });

  it("wait anew when the stream goes on, and each line for itself", () => {
    const block = smallBlock({ multiline });
    const stream = recalled();
    look(block, stream, "one\n");
    expect(look(block, stream, "one\n  and\n", 50)).toBe(0);
    expect(block.recallMs).toBe(LINGER_MS);
    expect(look(block, stream, "one\n  and\ntwo\n", 60)).toBe(10);
    expect(block.recallMs).toBe(BRIEF_MS);
    expect(look(block, stream, "two\n", 160)).toBe(4);
    expect(look(block, stream, "six\n", 5000)).toBe(0);
    expect(block.recallMs).toBe(BRIEF_MS);
    expect(look(block, stream, "six\nten\n", 5099)).toBe(4);
    expect(block.recallMs).toBe(BRIEF_MS);
    expect(messagesOf(block)).toEqual(["one\n  and", "two", "six"]);
  });

  it("do not wait for a clock that was set back", () => {
    const block = smallBlock({ multiline });
    const stream = recalled();
    look(block, stream, "one\n");
    look(block, stream, "one\n", -3_600_000);
    expect(block.recallMs).toBe(BRIEF_MS);
  });

  it("never fill the input", () => {
    const block = smallBlock({ inputBytes: 8192, maxLineBytes: 4096, multiline });
    const text = `${TRACE}${"x".repeat(8192 - TRACE.length)}`;
    expect(look(block, recalled(), text)).toBeGreaterThan(0);
  });

  it("of a record that its bounds have closed are taken", () => {
    const block = smallBlock({ multiline: { ...multiline, maxLines: 3 } });
    expect(look(block, recalled(), "a\n 1\n 2\n 3\n")).toBe("a\n 1\n 2\n".length);
    expect(messagesOf(block)).toEqual(["a\n 1\n 2"]);
  });
});
