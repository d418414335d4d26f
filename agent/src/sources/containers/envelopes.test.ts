import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CriLine } from "./cri.ts";
import { DockerJsonLine, unescapeInto } from "./docker-json.ts";
import { newEntry, STDERR, STDOUT } from "./entry.ts";

const readWith = (reader: CriLine | DockerJsonLine, line: string) => {
  // Not at the start of the bytes, and with something behind: readers must keep to their range.
  const bytes = Buffer.from(`xx\n${line}\n{"log":"`);
  const entry = newEntry();
  const to = 3 + Buffer.byteLength(line);
  if (!reader.read(bytes, 3, to, entry)) return undefined;
  const target = Buffer.alloc(bytes.length);
  const text = entry.text ?? (entry.escaped ? target.toString("utf8", 0, unescapeInto(bytes, entry.from, entry.to, target, 0)) : bytes.toString("utf8", entry.from, entry.to));
  return [entry.side === STDERR ? "stderr" : "stdout", text, entry.partial ? "P" : "F", entry.seconds, entry.nanoseconds];
};

const staysWithin = (reader: CriLine | DockerJsonLine, line: string): boolean => {
  const entry = newEntry();
  const bytes = Buffer.from(`${line}\n${line}`);
  const to = Buffer.byteLength(line);
  return !reader.read(bytes, 0, to, entry) || entry.text !== undefined || (entry.from <= entry.to && entry.to <= to && (entry.side === STDOUT || entry.side === STDERR));
};

describe("CRI lines", () => {
  it.each([
    ["2016-10-06T00:17:09.669794202Z stdout F The content of the log entry 1", ["stdout", "The content of the log entry 1", "F", 1_475_713_029, 669_794_202]],
    ["2016-10-06T00:17:09.669794202Z stderr P first half ", ["stderr", "first half ", "P", 1_475_713_029, 669_794_202]],
    ["2023-10-06T02:17:09.5+02:00 stdout F:other:tags text", ["stdout", "text", "F", 1_696_551_429, 500_000_000]],
    ["2023-10-06T00:17:09Z stdout F ", ["stdout", "", "F", 1_696_551_429, 0]],
    ["2023-10-06T00:17:09Z stdout F", ["stdout", "", "F", 1_696_551_429, 0]],
  ])("reads %s", (line, expected) => expect(readWith(new CriLine(), line)).toEqual(expected));

  it.each(["", "text", "2023-10-06T00:17:09Z", "2023-10-06T00:17:09Z stdout", "2023-10-06T00:17:09Z stdlog F x", "2023-10-06T00:17:09Z stdout X x", "2023-10-06T00:17:09Z stdout Fx", "2023-13-06T00:17:09Z stdout F x", "2023-02-30T00:17:09Z stdout F x", "yesterday stdout F x"])(
    "takes %j for no envelope",
    (line) => expect(readWith(new CriLine(), line)).toBeUndefined(),
  );

  it("agrees with Date on every time", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date("1971-01-01"), max: new Date("2200-01-01"), noInvalidDate: true }), (date) => {
        const [, , , seconds, nanoseconds] = readWith(new CriLine(), `${date.toISOString()} stdout F x`)!;
        expect(Number(seconds) * 1_000 + Number(nanoseconds) / 1e6).toBe(date.getTime());
      }),
    );
  });
});

describe("docker's JSON lines", () => {
  const time = '"time":"2023-10-06T00:17:09.669794202Z"';
  const at = [1_696_551_429, 669_794_202];
  it.each([
    [`{"log":"hello\\n","stream":"stdout",${time}}`, ["stdout", "hello", "F", ...at]],
    [`{"log":"half","stream":"stderr",${time}}`, ["stderr", "half", "P", ...at]],
    [`{"log":"a backslash and n: \\\\n","stream":"stdout",${time}}`, ["stdout", "a backslash and n: \\n", "P", ...at]],
    [`{"log":"{\\"a\\":\\"\\u00e9 \\ud83d\\ude00 \\ud800\\",\\"stream\\":\\"stdout\\"}\\r\\n","stream":"stderr",${time}}`, ["stderr", '{"a":"é 😀 �","stream":"stdout"}\r', "F", ...at]],
    [`{"log":"with labels\\n","stream":"stdout","attrs":{"stream":"x"},${time}}`, ["stdout", "with labels", "F", ...at]],
    [`{"stream":"stderr","log":"another order\\n",${time}}`, ["stderr", "another order", "F", ...at]],
    ['{ "log": "spaces\\n" }', ["stdout", "spaces", "F", -1, 0]],
    [`{"log":"\\n","stream":"stdout",${time}}`, ["stdout", "", "F", ...at]],
    [`{"log":"","stream":"stdout",${time}}`, ["stdout", "", "P", ...at]],
    [`{"log":"two\\nlines\\n","stream":"stdout",${time}}`, ["stdout", "two\\nlines", "F", ...at]],
    [`{"log":"no time\\n","stream":"stdout","time":"now"}`, ["stdout", "no time", "F", -1, 0]],
  ])("reads %s", (line, expected) => expect(readWith(new DockerJsonLine(), line)).toEqual(expected));

  it.each(["", "{", "{}", '{"log":1}', '{"log":"torn', "null", '{"msg":"x"}'])("takes %j for no envelope", (line) => expect(readWith(new DockerJsonLine(), line)).toBeUndefined());

  it("reads every text that JSON can hold", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.constantFrom("stdout", "stderr"), fc.boolean(), (text, stream, whole) => {
        const line = JSON.stringify({ log: whole ? `${text}\n` : text, stream, time: "2023-10-06T00:17:09Z" });
        const isWhole = whole || text.endsWith("\n");
        const shown = (whole || !text.endsWith("\n") ? text : text.slice(0, -1)).replaceAll("\n", "\\n").toWellFormed();
        expect(readWith(new DockerJsonLine(), line)).toEqual([stream, shown, isWhole ? "F" : "P", 1_696_551_429, 0]);
      }),
    );
  });

  it("never reads outside of its line, whatever stands in it", () => {
    const odd = fc.string({ unit: fc.constantFrom(...'{"log":,stream\\u2nime}'.split(""), "\\n", '","stream":"stdout","time":"') });
    expect(fc.check(fc.property(odd, (line) => staysWithin(new DockerJsonLine(), line) && staysWithin(new CriLine(), line))).failed).toBe(false);
  });
});
