import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { append, KEY, lineStream, recordsOf, rowsOf, smallBlock } from "./fixtures.ts";

const RUNS = 300;

/** Bits of text that matter to scanning, decoding and masking. */
const FRAGMENTS = [
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
const document = fc
  .record({ members: fc.array(member, { maxLength: 7 }), separator: fc.constantFrom(",", ", ", " ,\t"), colon: fc.constantFrom(":", ": "), ending: fc.constantFrom("", " ", "\r") })
  .map(({ members, separator, colon, ending }) => ({
    lines: [0, 1].map((side) => `{${members.map(({ key, values }) => `"${key}"${colon}${values[side]}`).join(separator)}}${ending}\n`) as [string, string],
  }));

const lineOf = (id: number) =>
  `{"timestamp":"2024-06-07T10:00:00.00${id % 10}Z","level":"INFO","service":"s${id % 3}","message":"m ${id} \\"q\\"","ctx":{"n":${id},"ok":true,"none":null},"tags":["a","b"]}\n`;

describe("the fast row pass", () => {
  it("gives the same record as the slow path, whatever shape was learned before", () => {
    let fast = 0;
    fc.assert(
      fc.property(document, ({ lines: [first, second] }) => {
        const stream = lineStream({ "log.file.path": "/var/log/x.log" });
        const learned = smallBlock();
        append(learned, stream, first + second + second);
        const rows = rowsOf(learned.encode(KEY)).slice(-2);
        fast += learned.counts.records - learned.counts.slow - learned.counts.malformed;
        const fresh = smallBlock();
        append(fresh, stream, second);
        const [expected] = rowsOf(fresh.encode(KEY));
        for (const row of rows) expect({ ...row, row: 0 }).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
    expect(fast).toBeGreaterThan(RUNS / 4);
  });

  // Each begins like a shape that was learned, and is odd in one value or at its end.
  it.each([
    '{"n":007,"s":"x","a":[1]}', '{"n":-01,"s":"x","a":[1]}', '{"n":1.,"s":"x","a":[1]}', '{"n":-,"s":"x","a":[1]}', '{"n":1e,"s":"x","a":[1]}', '{"n":.5,"s":"x","a":[1]}',
    '{"n":tru,"s":"x","a":[1]}', '{"n":falsy,"s":"x","a":[1]}', '{"n":1,"s":"\\x","a":[1]}', '{"n":1,"s":"\\u12","a":[1]}', '{"n":1,"s":"\t","a":[1]}', '{"n":1,"s":"x',
    '{"n":1,"s":"x","a":[1,]}', '{"n":1,"s":"x","a":[01]}', '{"n":1,"s":"x","a":[1}', '{"n":1,"s":"x","a":[{"k" 1}]}', '{"n":1,"s":"x","a":[{"k":1,}]}', '{"n":1,"s":"x","a":[tru]}',
    '{"n":1,"s":"x","a":[1]} x', '{"n":1,"s":"x","a":[1]}}', '{"n":1,"s":"x","a":[1],}', '{"n":1,"s":"x","a":[1]',
  ])("leaves %j to the slow path", (odd) => {
    const shape = '{"n":1,"s":"x","a":[1]}\n';
    const { block, rows } = recordsOf(`${shape}${shape}${odd}\n${shape}`);
    const { rows: alone } = recordsOf(`${odd}\n`);
    expect(block.counts).toMatchObject({ slow: 1, malformed: 1, records: 4 });
    expect({ ...rows[2]!, row: 0 }).toEqual(alone[0]);
  }); // prettier-ignore

  it("takes lines of one shape without the slow path", () => {
    const { block, rows } = recordsOf(Array.from({ length: 50 }, (_, id) => lineOf(id)).join(""));
    expect(block.counts.slow).toBe(1);
    expect(rows).toHaveLength(50);
    expect(rows[49]).toMatchObject({
      severity: 9,
      service: "s1",
      message: 'm 49 "q"',
      timestamp: 1_717_754_400_009_000_000n,
      attributes: { "ctx.n": "49", "ctx.ok": "true", tags: '["a","b"]' },
    });
  });

  it("does not let escapes hide what is masked", () => {
    const lines = ['{"message":"to bob@example.com","x":"1"}', '{"message":"to bob\\u0040example.com","x":"\\u0034111111111111111"}'];
    const { rows } = recordsOf([lines[0], lines[0], lines[1], ""].join("\n"));
    expect(rows.map(({ message }) => message)).toEqual(["to [EMAIL]", "to [EMAIL]", "to [EMAIL]"]);
    expect(rows[2]!.attributes).toEqual({ x: "[CARD]" });
  });
});
