import { encodeLogs } from "@obs/wire";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KEY, OBSERVED_NS, append, lineStream, recordsOf, rowsOf, smallBlock } from "./fixtures.ts";
import { LogBlock } from "./log-block.ts";

const LINE = '{"timestamp":"2024-06-07T10:00:00Z","level":"WARN","message":"m","n":1}\n';

describe("LogBlock", () => {
  it("writes the very bytes that the wire's row encoder writes", () => {
    const { block, rows } = recordsOf(`${LINE}plain text\n${LINE.replace('"n":1', '"other":[1, 2]')}{"service":"s","host":"h","env":"e"}\n`);
    expect(rows).toHaveLength(4);
    expect(Buffer.concat(block.encode(KEY)).equals(encodeLogs(rows, KEY, 0, "planes"))).toBe(true);
    expect(Buffer.concat(block.encode(KEY)).equals(encodeLogs(rows, KEY, 0, "planes"))).toBe(true);
  });

  it("gives large columns as they lie, between what is in front of and behind them", () => {
    const block = new LogBlock({ maxRows: 2048 });
    const lines = Array.from({ length: 400 }, (_, id) => JSON.stringify({ message: `${id} ${"m".repeat(1000)}`, a: "a".repeat(900 + id), service: `s${id % 9}` }));
    append(block, lineStream(), `${lines.join("\n")}\n`);
    for (const seq of [1, 2]) {
      const key = { ...KEY, seq };
      const pieces = block.encode(key);
      expect(pieces.map(({ length }) => length > 256 * 1024)).toEqual([false, true, false, true]);
      expect(Buffer.concat(pieces).equals(encodeLogs(rowsOf(pieces), key, 0, "planes"))).toBe(true);
    }
  });

  it("has the resource of the stream where a line names none, and the stream's attributes on every row", () => {
    const { rows } = recordsOf(`${LINE}{"service":"api","host":"h1","environment":"prod"}\ntext\n`, {}, lineStream({ "log.file.path": "/a", b: "2" }));
    expect(rows.map(({ service, host, environment }) => [service, host, environment])).toEqual([
      ["stream-service", "stream-host", "test"],
      ["api", "h1", "prod"],
      ["stream-service", "stream-host", "test"],
    ]);
    expect(rows.map(({ attributes }) => attributes)).toEqual([{ n: "1", "log.file.path": "/a", b: "2" }, { "log.file.path": "/a", b: "2" }, { "log.file.path": "/a", b: "2" }]);
  });

  it("does not let a line pass its own attribute for one of the stream", () => {
    const forged = '{"message":"m","log.file.path":"/etc/forged"}\n';
    const stream = lineStream({ "log.file.path": "/real" });
    const block = smallBlock();
    append(block, lineStream(), forged.repeat(2));
    append(block, stream, forged.repeat(2));
    const attributes = rowsOf(block.encode(KEY)).map((row) => row.attributes);
    expect(attributes.slice(2)).toEqual([0, 1].map(() => ({ "line.log.file.path": "/etc/forged", "log.file.path": "/real" })));
  });

  it("keeps what cannot be read as a time, a level or an id", () => {
    const { rows } = recordsOf('{"timestamp":"1850-01-01T00:00:00Z","level":"LOUD","trace_id":"abc","span_id":7,"service":"' + "s".repeat(300) + '"}\n'.repeat(1), {});
    expect(rows[0]).toMatchObject({ timestamp: OBSERVED_NS, observed: OBSERVED_NS, severity: 0, traceId: "", spanId: "", service: "stream-service" });
    expect(rows[0]!.attributes).toEqual({ timestamp: "1850-01-01T00:00:00Z", level: "LOUD", trace_id: "abc", span_id: "7", service: "s".repeat(300) });
  });

  it("tracks the range of its timestamps", () => {
    const block = smallBlock();
    expect([block.firstNs, block.lastNs]).toEqual([0n, 0n]);
    append(block, lineStream(), '{"ts":1700000000.5}\n{"ts":"1970-01-01T00:00:00Z"}\n{"ts":"2262-04-11T23:47:16.854775807Z"}\n');
    expect([block.firstNs, block.lastNs]).toEqual([0n, 2n ** 63n - 1n]);
    block.reset();
    append(block, lineStream(), '{"ts":1700000000.5}\n');
    expect([block.firstNs, block.lastNs]).toEqual([1_700_000_000_500_000_000n, 1_700_000_000_500_000_000n]);
  });

  it("takes complete lines only, and the rest at the end of a stream", () => {
    const block = smallBlock();
    expect(append(block, lineStream(), `${LINE}${LINE.slice(0, -1)}`)).toBe(LINE.length);
    expect(append(block, lineStream(), LINE.slice(0, -1))).toBe(0);
    expect(append(block, lineStream(), LINE.slice(0, -1), true)).toBe(LINE.length - 1);
    expect(append(block, lineStream(), "no newline", true)).toBe(10);
    expect(rowsOf(block.encode(KEY)).map(({ message }) => message)).toEqual(["m", "m", "no newline"]);
    expect(append(block, lineStream(), "", true)).toBe(0);
  });

  it.each([false, true])("finds no line in nothing, whatever lies in the arena (final: %s)", (final) => {
    const block = smallBlock({});
    append(block, lineStream(), LINE.repeat(2));
    block.reset();
    expect(block.appendLines(lineStream(), 0, 0, OBSERVED_NS, final)).toBe(0);
    expect(block.rows).toBe(0);
  });

  it("stops when it is full, and goes on after a reset", () => {
    const block = smallBlock({ maxRows: 3 });
    const chunk = LINE.repeat(5);
    expect(append(block, lineStream(), chunk)).toBe(LINE.length * 3);
    expect([block.full, block.rows]).toEqual([true, 3]);
    block.reset();
    expect([block.full, block.rows]).toEqual([false, 0]);
    expect(block.appendLines(lineStream(), LINE.length * 3, chunk.length, OBSERVED_NS)).toBe(chunk.length);
    expect([block.full, block.rows]).toEqual([false, 2]);
  });

  it("is full before a dictionary overflows, and takes any line once it is empty", () => {
    const block = smallBlock({ maxRows: 20_000 });
    let rows = 0;
    for (let seal = 0; seal < 3; seal++) {
      for (let id = 0; !block.full; id++) append(block, lineStream(), `{"service":"${seal}-${id}","k${seal}-${id}":1}\n`);
      rows += block.rows;
      expect(rowsOf(block.encode(KEY)).at(-1)!.service).toBe(`${seal}-${block.rows - 1}`);
      block.reset();
    }
    expect(rows).toBeGreaterThan(30_000);
  });

  it("counts lines as records and blanks", () => {
    const { block, rows } = recordsOf(`\n  \t\n${LINE}\r\n text \n{broken\n`);
    expect(rows.map(({ message }) => message)).toEqual(["m", " text ", "{broken"]);
    expect(block.counts).toMatchObject({ lines: 6, records: 3, blank: 3, malformed: 1 });
  });

  it("cuts lines that are too long at a whole character", () => {
    const long = "é".repeat(9000);
    const { block, rows } = recordsOf(`x${long}\n{"message":"${long}"}\nshort\n`, { maxLineBytes: 10_000 });
    expect(rows.map(({ message }) => message)).toEqual([`x${"é".repeat(4999)}`, `{"message":"${"é".repeat(4994)}`, "short"]);
    expect(block.counts).toMatchObject({ cut: 2, malformed: 1, invalidUtf8: 0 });
  });

  it("cuts a line that fills the whole input, and skips its rest", () => {
    const block = smallBlock({ inputBytes: 8192, maxLineBytes: 4096 });
    const stream = lineStream();
    expect(append(block, stream, "a".repeat(8192))).toBe(8192);
    expect(append(block, stream, "b".repeat(8192))).toBe(8192);
    expect(append(block, lineStream(), "other\n")).toBe(6);
    expect(append(block, stream, "ccc\nnext\n")).toBe(9);
    expect(rowsOf(block.encode(KEY)).map(({ message }) => message)).toEqual(["a".repeat(4096), "other", "next"]);
    expect(block.counts).toMatchObject({ cut: 1, lines: 3, records: 3 });
    expect(stream.isSkipping).toBe(false);
  });

  it("skips the rest of a line that another process has cut", () => {
    const block = smallBlock({});
    const stream = { ...lineStream(), isSkipping: true };
    expect(append(block, stream, "bb")).toBe(2);
    expect(append(block, stream, "ccc\nnext\n")).toBe(9);
    expect(rowsOf(block.encode(KEY)).map(({ message }) => message)).toEqual(["next"]);
    expect(stream.isSkipping).toBe(false);
  });

  it("replaces what is not UTF-8 by the Unicode rule and ships NUL bytes, and counts both", () => {
    const chunk = Buffer.concat([Buffer.from(LINE), Buffer.from([0x61, 0xff, 0xf0, 0x9f, 0x92, 0x0a]), Buffer.from("a\0b\n"), Buffer.from('{"message":"\xe9 bob@example.com"}\n', "latin1")]);
    const { block, rows } = recordsOf(chunk);
    expect(rows.map(({ message }) => message)).toEqual(["m", "a\ufffd\ufffd", "a\0b", "\ufffd [EMAIL]"]);
    expect(block.counts).toMatchObject({ invalidUtf8: 2, nul: 1, records: 4 });
  });

  it("gathers attributes beyond a row's limit in one, as JSON", () => {
    const members = Array.from({ length: 1500 }, (_, id) => `"k${id}":${id}`).join(",");
    const { rows } = recordsOf(`{${members}}\n`, { maxLineBytes: 32 * 1024 });
    const { "obs.overflow": overflow, ...rest } = rows[0]!.attributes;
    expect(Object.keys(rest)).toHaveLength(1023);
    expect(Object.keys(JSON.parse(overflow!) as object)).toHaveLength(1500 - 1023);
  });

  it("survives any bytes: as many records as lines that are not blank", () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((noise) => Buffer.from(noise));
    const cut = fc.tuple(fc.constant(LINE), fc.nat({ max: LINE.length })).map(([line, at]) => Buffer.from(line.slice(0, at)));
    fc.assert(
      fc.property(fc.array(fc.oneof(bytes, cut, fc.constant(Buffer.from(LINE))), { maxLength: 8 }), (pieces) => {
        const { block, rows } = recordsOf(Buffer.concat(pieces));
        expect(block.counts.records).toBe(rows.length);
        expect(block.counts.lines).toBe(block.counts.records + block.counts.blank);
        for (const row of rows) expect(row.message.isWellFormed()).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});

describe("text lines", () => {
  it.each([
    ["2024-06-07 10:00:00 INFO sent to bob@example.com", { message: "sent to [EMAIL]", attributes: {} }],
    ["level=info msg=paid card=4111 1111 1111 1111", { message: "paid", attributes: { card: "[CARD]" } }],
    ["level=warn msg=\"no login\" user=bob@example.com n=1", { message: "no login", attributes: { user: "[EMAIL]", n: "1" } }],
    ["2024-06-07 10:00:00 WARN shop.Cart: bob@example.com=7", { message: "[EMAIL]=7", attributes: { logger: "shop.Cart" } }],
    ["Jun  7 10:00:00 web-1 bob@example.com[7]: hello", { message: "[EMAIL][7]: hello", host: "web-1" }],
  ])("masks %j before it is taken apart", (line, expected) => {
    const { rows } = recordsOf(`${line}\n`);
    expect(rows[0]).toMatchObject(expected);
    expect(JSON.stringify(rows[0], (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))).not.toMatch(/bob|4111/);
  });

  it("takes the format that the stream's option names, JSON lines too", () => {
    const stream = { ...lineStream(), format: { type: "regex", pattern: '"a":(?<n>\\d+)' } as const };
    const { rows } = recordsOf('{"a":1}\n{"a":2}\n', {}, stream);
    expect(rows.map(({ message, attributes }) => [message, attributes])).toEqual([['{"a":1}', { n: "1" }], ['{"a":2}', { n: "2" }]]);
  });

  it("parses what a container wrote into docker's lines", () => {
    const line = '{"log":"level=warn msg=low free=1\\n","stream":"stderr","time":"2024-06-07T10:00:00.5Z"}\n';
    const { rows } = recordsOf(line.repeat(3));
    expect(rows).toHaveLength(3);
    expect(rows[2]).toMatchObject({ severity: 13, message: "low", timestamp: 1_717_754_400_500_000_000n, attributes: { free: "1", "log.iostream": "stderr" } });
  });
});

describe("appendRecord", () => {
  const observed = OBSERVED_NS;

  it("fills what is unset from the defaults, and masks", () => {
    const block = smallBlock();
    block.appendRecord({ message: "to bob@example.com", attributes: { card: "4111 1111 1111 1111" } }, { observed, service: "s", host: "h", attributes: { a: "b" } });
    block.appendRecord({ message: "m", timestamp: 5n, severity: 17, service: "own", traceId: "E21213E17AF35D876317B74B510A1B46", spanId: "short", weight: 2.5, pattern: 9n }, { observed });
    const rows = rowsOf(block.encode(KEY));
    expect(rows[0]).toMatchObject({ message: "to [EMAIL]", timestamp: observed, service: "s", host: "h", attributes: { card: "[CARD]", a: "b" }, weight: 1, pattern: 0n });
    expect(rows[1]).toMatchObject({ timestamp: 5n, observed, severity: 17, service: "own", traceId: "e21213e17af35d876317b74b510a1b46", attributes: { span_id: "short" }, weight: 2.5, pattern: 9n });
    block.reset();
    append(block, lineStream(), "m\nm\n");
    expect(rowsOf(block.encode(KEY)).map(({ weight, pattern }) => [weight, pattern])).toEqual([[1, 0n], [1, 0n]]);
  });

  it("takes times outside of 1970 to 2262 as observed, and keeps them", () => {
    const block = smallBlock();
    for (const timestamp of [-1n, 2n ** 63n]) block.appendRecord({ message: "m", timestamp }, { observed });
    expect(rowsOf(block.encode(KEY)).map((row) => [row.timestamp, row.attributes])).toEqual([[observed, { timestamp: "-1" }], [observed, { timestamp: String(2n ** 63n) }]]);
  });

  it("cuts what no block could hold, and refuses only when the block is full", () => {
    const block = smallBlock({ maxRows: 100, inputBytes: 8192, maxLineBytes: 4096 });
    const huge = "é".repeat(2 * 1024 * 1024);
    expect(block.appendRecord({ message: huge, service: huge, attributes: { huge, [huge]: "x" } }, { observed })).toBe(true);
    while (block.appendRecord({ message: "m" }, { observed })) expect(block.full).toBe(block.rows === 100);
    expect(block.rows).toBe(100);
    const [row] = rowsOf(block.encode(KEY));
    expect(Buffer.byteLength(row!.message)).toBe(12_288);
    expect(row!.service).toBe("é".repeat(128));
    expect(row!.message.isWellFormed()).toBe(true);
  });
});
