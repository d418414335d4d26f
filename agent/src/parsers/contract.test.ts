import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { LINE_FORMATS } from "../core/line-format.ts";
import { lineStream, recordsOf } from "../rows/fixtures.ts";
import { PARSERS, PARSERS_BY_NAME } from "./registry.ts";
import { StreamParser } from "./stream-parser.ts";
import type { ParsedRecord } from "./text/record.ts";

interface Example {
  readonly line: string;
  readonly detected?: string;
  /** The format itself does not take the line. */
  readonly lenient?: boolean;
  readonly now?: string;
  readonly time?: string;
  readonly severity?: number;
  readonly message?: string;
  readonly host?: string;
  readonly service?: string;
  readonly traceId?: string;
  /** `absent`: not among the attributes. */
  readonly attributes?: Readonly<Record<string, string>>;
}

const EXAMPLES = parseYaml(readFileSync(new URL("testdata/formats.yaml", import.meta.url), "utf8"), { schema: "core" }) as Record<string, readonly Example[]>;
const CASES = Object.entries(EXAMPLES).flatMap(([name, examples]) => examples.map((example) => ({ name, ...example })));
const NOW = "2024-06-08T00:00:00Z";
const NS_PER_SECOND = 1_000_000_000n;

/** ns of `2024-06-07T10:00:00.123456789Z`; local time without a zone. */
const nanosecondsOf = (text: string): bigint => {
  const [, moment, fraction = "", zone = ""] = /^(.{19})(?:\.(\d+))?(Z)?$/.exec(text)!;
  return BigInt(new Date(`${moment}${zone}`).getTime()) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
};

/** -1 when the line has no time. */
const timeOf = ({ seconds, nanoseconds }: ParsedRecord): bigint => (Number.isNaN(seconds) ? -1n : BigInt(seconds) * NS_PER_SECOND + BigInt(nanoseconds));
const defined = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
const parseWith = (name: string | undefined, line: string, now = NOW): ParsedRecord => new StreamParser({ parser: name === undefined ? undefined : PARSERS_BY_NAME.get(name) }).parse(line, Date.parse(now) / 1000);

describe("the registry", () => {
  it("has the formats that the configuration names, in the order of detection", () => {
    expect([...PARSERS_BY_NAME.keys()]).toEqual([...LINE_FORMATS]);
    for (const { description } of PARSERS_BY_NAME.values()) expect(description).toMatch(/\.$/);
  });

  it("has an example of every format", () => {
    expect(Object.keys(EXAMPLES).sort()).toEqual([...LINE_FORMATS].sort());
  });
});

describe.each(CASES)("$name: $line", ({ name, line, detected = name, lenient = false, now, time, severity, message, host, service, traceId, attributes = {} }) => {
  const record = parseWith(lenient ? undefined : name, line, now);

  it("is detected", () => {
    const parser = new StreamParser();
    parser.parse(line, Date.parse(now ?? NOW) / 1000);
    expect(parser.format).toBe(detected);
  });

  it("has the fields of the line", () => {
    const expected = { ...(time !== undefined && { time: nanosecondsOf(time) }), ...defined({ severity, message, host, service, traceId }) };
    expect({ ...record, time: timeOf(record) }).toMatchObject(expected);
    const absent = Object.keys(attributes).filter((key) => attributes[key] === "absent");
    expect(Object.fromEntries(record.attributes)).toMatchObject(Object.fromEntries(Object.entries(attributes).filter(([key]) => !absent.includes(key))));
    expect(absent.filter((key) => record.attributes.has(key))).toEqual([]);
  });

  it("is, as a row, what the parser made of it", () => {
    const { rows } = recordsOf(`${line}\n`, { mask: { enabled: false } }, lenient ? lineStream() : { ...lineStream(), format: { type: name as (typeof LINE_FORMATS)[number] } });
    // The row was parsed at another time: times without a year differ.
    const timestamp = now === undefined && time !== undefined ? { timestamp: nanosecondsOf(time) } : {};
    const { severity, message, traceId } = record;
    expect(rows[0]).toMatchObject({ severity, message, traceId, attributes: Object.fromEntries(record.attributes), host: record.host || "stream-host", service: record.service || "stream-service", ...timestamp });
  });
});

const piece = fc.constantFrom(...CASES.flatMap(({ line }) => [line, line.slice(0, line.length >> 1), line.slice(line.length >> 1)]), " ", '"', "[", "]", "{", "}", "=", ":", "<", "(", "\\", "\u001b[31m", "é", "\u{1f600}", "\ud800");
const noise = fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join("")));

describe.each(PARSERS)("$name", (parser) => {
  it("takes or leaves any text, and never throws", () => {
    fc.assert(
      fc.property(noise, (line) => {
        const record = new StreamParser({ parser }).parse(line, Date.parse(NOW) / 1000);
        expect(record.severity).toBeGreaterThanOrEqual(0);
        expect(record.severity).toBeLessThanOrEqual(24);
        expect(timeOf(record)).toBeLessThan(2n ** 63n);
      }),
      { numRuns: 150 },
    );
  });

  it("ends on lines that are made to be slow", () => {
    for (const unit of ['"', "[", "a=", "a ", "1:", "1.", "(", "a.", " ", "-", "a|", "\\", '""', "1 ", "{", "<a>", "A", "::", "'"]) expect(new StreamParser({ parser }).parse(unit.repeat(8192), 0).message.length).toBeLessThanOrEqual(unit.length * 8192);
  });
});
