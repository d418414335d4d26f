/** For tests: generators of JSON lines, two of one shape at a time, with all that is odd about lines. */

import * as fc from "fast-check";

/** Bits of text that matter to scanning, decoding and masking. */
export const FRAGMENTS = [
  "plain words", " ", "é", "😀", "\\", '"', "\n", "\t", "\u0001", "@", "anna.smith7@example.com", "a@b", "4111 1111 1111 1111",
  "4111-1111-1111-1111", "4111111111111111", "123-45-6789", "1705363200123", "10.0.0.1:8080", "sk_live_ABCDEFGHIJKLMNOP0123456789",
  "AKIAABCDEFGHIJKLMNOP", "ghp_0123456789abcdefghijABCDEFGHIJ012345", "k-", "gh", "2024-06-07T10:00:00.002Z", "/path/to", "0123456789",
]; // prettier-ignore
const text = fc.oneof(
  fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 5 }).map((parts) => parts.join("")),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme-ascii", maxLength: 300 }),
);
const number = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom("0", "-0", "1.50", "1E5", "1e-07", "12345678901234567890", "4111111111111111", "007", "1.", "-", "+1", ".5", "1e"),
);

/** JSON text of a value, in several spellings. */
const stringToken = fc.tuple(text, fc.constantFrom("plain", "unicode", "slash")).map(([value, spelling]) => {
  const token = JSON.stringify(value);
  if (spelling === "slash") return token.replaceAll("/", "\\/");
  return spelling === "unicode" ? token.replaceAll("@", "\\u0040").replaceAll("1", "\\u0031") : token;
});
const scalar = fc.oneof({ weight: 4, arbitrary: stringToken }, { weight: 2, arbitrary: number }, fc.constantFrom("true", "false", "null", "nul", "True"));
const array = fc.oneof(
  fc.array(scalar, { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
  fc.array(scalar, { maxLength: 2 }).map((items) => `[ ${items.map((item) => `{"k": ${item}}`).join(" , ")}]`),
  fc.constantFrom("[]", "[[],[1]]", "[1,]", "[,]", "[", '["\\u0041"]'),
);
const timestamp = fc.constantFrom('"2024-06-07T10:00:00.002Z"', '"2024-06-07 10:00:00,5+02:00"', "1717754400002", "1717754400.25", '"soon"', "null", "12", '"1850-01-01T00:00:00Z"');
const level = fc.constantFrom('"INFO"', '"warning"', "30", "3", '"LOG"', "null", "17", '"e\\u0072ror"');
const traceId = fc.constantFrom('"e21213e17af35d876317b74b510a1b46"', '"E21213E17AF35D876317B74B510A1B46"', '"xyz"', '""', "12", '"4111111111111111"');
const value = fc.oneof({ weight: 5, arbitrary: scalar }, { weight: 1, arbitrary: array });

/** A member: its key's token, and something to make values of it, so that a shape can be filled twice. */
const attributeKey = fc.oneof(
  fc.constantFrom("user_id", "context", "a.b", "b", "", "1", "__proto__", "@timestamp", "log.file.path", "ключ", "a\\u0062", "bob@example.com", "host"),
  fc.string({ unit: "grapheme-ascii", maxLength: 8 }).map((key) => JSON.stringify(key).slice(1, -1)),
);
type Members = { key: string; values: [string, string] }[];
const pair = (arbitrary: fc.Arbitrary<string>) => fc.tuple(arbitrary, arbitrary);
const nested: fc.Arbitrary<[string, string]> = fc
  .array(fc.record({ key: attributeKey, values: pair(value) }), { maxLength: 3 })
  .map((members: Members) => [0, 1].map((side) => `{${members.map(({ key, values }) => `"${key}":${values[side]}`).join(",")}}`) as [string, string]);
const member = fc.oneof(
  { weight: 4, arbitrary: fc.record({ key: attributeKey, values: pair(value) }) },
  { weight: 1, arbitrary: fc.record({ key: attributeKey, values: nested }) },
  ...([
    [["timestamp", "ts", "time"], timestamp],
    [["level", "severity_number"], level],
    [["message", "msg", "log"], value],
    [["service", "host", "env", "service.name"], scalar],
    [["trace_id", "span_id"], traceId],
  ] as const).map(([keys, values]) => fc.record({ key: fc.constantFrom(...keys), values: pair(values as fc.Arbitrary<string>) })),
);
export const twoLinesOfOneShape = fc
  .record({ members: fc.array(member, { maxLength: 7 }), separator: fc.constantFrom(",", ", ", " ,\t"), colon: fc.constantFrom(":", ": "), ending: fc.constantFrom("", " ", "\r") })
  .map(({ members, separator, colon, ending }) => ({
    lines: [0, 1].map((side) => `{${members.map(({ key, values }) => `"${key}"${colon}${values[side]}`).join(separator)}}${ending}\n`) as [string, string],
  }));
