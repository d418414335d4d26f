import { decodeNative } from "@obs/wire";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LineStream } from "../core/contracts.ts";
import { LogBlock } from "../rows/log-block.ts";
import { recordOfFields } from "./record-of-fields.ts";

const OBSERVED = 1_730_548_800_000_000_000n;
const KEY = { agent: 1n, epoch: 1, seq: 1 };
const stream: LineStream = { id: "", service: "s", host: "h", environment: "e", attributes: {}, encodePosition: () => new Uint8Array() };

const plain = (columns: Readonly<Record<string, readonly unknown[]>>): unknown => JSON.parse(JSON.stringify(columns, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value instanceof Map ? Object.fromEntries(value) : value)));

const asLine = (fields: object): unknown => {
  const block = new LogBlock({ inputBytes: 1 << 17, maxLineBytes: 1 << 16, mask: { enabled: false } });
  block.appendLines(stream, 0, block.input.write(`${JSON.stringify(fields)}\n`), OBSERVED);
  return plain(decodeNative(Buffer.concat(block.encode(KEY)))[0]!.columns);
};

const asRecord = (fields: object): unknown => {
  const block = new LogBlock({ inputBytes: 1 << 17, maxLineBytes: 1 << 16, mask: { enabled: false } });
  block.appendRecord(recordOfFields(fields), { service: "s", host: "h", environment: "e", observed: OBSERVED });
  return plain(decodeNative(Buffer.concat(block.encode(KEY)))[0]!.columns);
};

const NAMES = ["msg", "message", "level", "severity_number", "ts", "time", "host", "env", "service", "trace_id", "span_id", "a", "b"];
const TEXTS = ["warn", "error", "2024-01-02T03:04:05Z", "1700000000123", "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "api", ""];

describe("record of fields", () => {
  it.each([
    ["what a logger writes", { ts: "2024-01-02T03:04:05.5Z", level: "warn", msg: "hi", service: "api", trace_id: "0af7651916cd43dd8448eb211c80319c", user: { id: 7, tags: ["a", "b"] }, ok: true, nothing: null }],
    ["pino's numbers", { level: 30, time: 1_700_000_000_123, msg: "hi", pid: 1, hostname: "web" }],
    ["two of one role", { msg: "first", message: "second", level: "loud", severity: "info" }],
    ["texts that are not of their form", { trace_id: "zz", time: "noon", level: "" }],
  ])("is the row of the same JSON: %s", (_name, fields) => expect(asRecord(fields)).toEqual(asLine(fields)));

  it("is the row of the same JSON, whatever it is", () => {
    const name = fc.constantFrom(...NAMES);
    const leaf = fc.oneof(fc.constantFrom(...TEXTS), fc.string({ maxLength: 8 }), fc.boolean(), fc.integer(), fc.constant(null));
    const value = fc.oneof({ weight: 4, arbitrary: leaf }, fc.array(leaf, { maxLength: 3 }), fc.dictionary(name, leaf, { maxKeys: 3 }));
    fc.assert(
      fc.property(fc.dictionary(name, value, { minKeys: 1, maxKeys: 6 }), (fields) => {
        expect(asRecord(fields)).toEqual(asLine(fields));
      }),
      { numRuns: 150 },
    );
  });

  it("takes what JSON has no word for", () => {
    const deep: unknown[] = [];
    for (let at = deep, depth = 0; depth < 100_000; depth++) at.push((at = []));
    expect(recordOfFields({ log: Buffer.from("bytes"), big: 2n ** 63n, at: new Date(0), list: [1n, Buffer.from("x")], nan: Number.NaN, deep }).attributes).toEqual({
      big: "9223372036854775808", at: "1970-01-01T00:00:00.000Z", list: '["1","x"]', nan: "NaN", deep: "[nested too deeply]",
    });
  });
});
