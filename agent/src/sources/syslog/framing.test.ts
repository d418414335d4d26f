import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SyslogFraming } from "./framing.ts";

interface Seen {
  readonly messages: string[];
  cuts: number;
  faults: number;
}

const framed = (chunks: readonly Buffer[], maxBytes = 64): Seen => {
  const seen: Seen = { messages: [], cuts: 0, faults: 0 };
  const framing = new SyslogFraming(maxBytes, { message: (bytes) => seen.messages.push(bytes.toString()), cut: () => seen.cuts++, fault: () => seen.faults++ });
  for (const chunk of chunks) framing.push(chunk);
  framing.end();
  return seen;
};

const cutAt = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const borders = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return borders.slice(1).map((border, index) => bytes.subarray(borders[index], border));
};

describe("syslog framing", () => {
  it.each<[name: string, text: string, messages: string[], more?: Partial<Seen>]>([
    ["lines", "<1>a\n<2>b\n", ["<1>a", "<2>b"]],
    ["lines that end with CR LF, and NUL", "<1>a\r\n<2>b\0\n", ["<1>a", "<2>b"]],
    ["an unterminated last line", "<1>a\n<2>b", ["<1>a", "<2>b"]],
    ["octet counting", "4 <1>a5 <2>bb", ["<1>a", "<2>bb"]],
    ["octet counting with line ends inside", "8 <1>a\nb\nc5 <2>bb", ["<1>a\nb\nc", "<2>bb"]],
    ["octet counting with line ends between", "4 <1>a\n5 <2>bb\n", ["<1>a", "<2>bb"]],
    ["a line that begins with a number", "12 monkeys\n<1>b\n", ["12 monkeys", "<1>b"]],
    ["a line that begins with a long number", "20240102030405 x\n", ["20240102030405 x"]],
    ["only digits", "123", ["123"]],
    ["a fault in the counts", "4 <1>aoops <2>b\n<3>c\n", ["<1>a", "oops <2>b", "<3>c"], { faults: 1 }],
    ["a counted message that was cut off by its sender", "9 <1>a", ["<1>a"]],
    ["a line that is too long", `<1>${"x".repeat(100)}\n<2>b\n`, [`<1>${"x".repeat(61)}`, "<2>b"], { cuts: 1 }],
    ["a counted message that is too long", `103 <1>${"x".repeat(100)}4 <2>b`, [`<1>${"x".repeat(61)}`, "<2>b"], { cuts: 1 }],
    ["blank lines", "\n\n<1>a\n", ["", "", "<1>a"]],
    ["nothing", "", []],
  ])("reads %s", (_name, text, messages, more = {}) => {
    expect(framed([Buffer.from(text)])).toEqual({ messages, cuts: 0, faults: 0, ...more });
  });

  it("gives the same messages however the bytes come", () => {
    const alphabet = fc.constantFrom(..."<>0123456789 ab\n\r\0é");
    const frame = fc.oneof(
      fc.string({ unit: alphabet, maxLength: 90 }),
      fc.string({ unit: alphabet, maxLength: 90 }).map((text) => `<1>${text}\n`),
      fc.string({ unit: alphabet, maxLength: 90 }).map((text) => `${Buffer.byteLength(text) + 3} <1>${text}`),
    );
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 30 }), (frames, cuts) => {
        const bytes = Buffer.from(frames.join(""));
        expect(framed(cutAt(bytes, cuts))).toEqual(framed([bytes]));
        expect(framed([...bytes].map((byte) => Buffer.from([byte])))).toEqual(framed([bytes]));
      }),
      { numRuns: 300 },
    );
  });

  it("reads back what is counted, whatever is in it", () => {
    const message = fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.concat([Buffer.from("<1>"), bytes, Buffer.from("x")]));
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 6 }), fc.array(fc.nat(), { maxLength: 20 }), (messages, cuts) => {
        const stream = Buffer.concat(messages.flatMap((bytes) => [Buffer.from(`${bytes.length} `), bytes]));
        expect(framed(cutAt(stream, cuts))).toEqual({ messages: messages.map(String), cuts: 0, faults: 0 });
      }),
    );
  });
});
