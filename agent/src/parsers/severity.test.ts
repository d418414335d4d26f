import { describe, expect, it } from "vitest";
import { severityOfLevel, severityOfNumber } from "./severity.ts";
import { severityNearStart } from "./text/level.ts";

const over = (parse: (bytes: Uint8Array, from: number, to: number) => number, text: string): number => {
  const bytes = Buffer.from(`..${text}\n...`);
  return parse(bytes, 2, 2 + Buffer.byteLength(text));
};

describe("severityOfLevel", () => {
  it.each([
    ["TRACE", 1], ["debug", 5], ["Info", 9], ["information", 9], ["notice", 10], ["WARN", 13], ["warning", 13], ["err", 17], ["ERROR", 17], ["critical", 21], ["fatal", 21], ["emergency", 24],
    ["10", 1], ["20", 5], ["30", 9], ["40", 13], ["50", 17], ["60", 21], ["35", 9], ["100", 5], ["250", 10], ["300", 13], ["550", 22],
    ["0", 24], ["3", 17], ["4", 13], ["6", 9], ["7", 5],
    ["", -1], ["8", -1], ["W", 13], ["I", 9], ["X", -1], ["70", -1], ["LOG", 9], ["D2", 5], ["D6", -1], ["infos", -1], ["101", -1], ["é", -1],
  ])("%s is %i", (text, severity) => {
    expect(over(severityOfLevel, text)).toBe(severity);
  }); // prettier-ignore
});

describe("severityOfNumber", () => {
  it.each([["0", 0], ["17", 17], ["24", 24], ["25", -1], ["", -1], ["1.5", -1], ["007", -1]])("%s is %i", (text, severity) => {
    expect(over(severityOfNumber, text)).toBe(severity);
  });
});

describe("severityNearStart", () => {
  it.each([
    [" INFO started", 9], ["[error] 123#0: x", 17], [" web-01 app[3]: WARNING: x", 13], ["level=warn msg=x", 13], ["<debug> x", 5], [" [main] ERROR c.e.App - x", 17], ["info: ready", 9], ["E0607 panic: x", 23],
    ["no error here", undefined], ["errors: 3", undefined], ["GET /info HTTP/1.1", undefined], ["", undefined], [`${" x".repeat(60)} ERROR`, undefined], ["infos=1", undefined],
    [`${" x".repeat(60)} ERROR   in a column`, 17],
  ])("%j has %s", (line, severity) => {
    expect(severityNearStart(line, 0)?.severity).toBe(severity);
  }); // prettier-ignore
});
