/**
 * Compiled filters against the oracle: random rows in a real store, random filters, equal answers.
 * Rows and filters are put together from one small vocabulary of awkward pieces, so that they meet.
 */

import { formatBatchKey, type LogRecord } from "@obs/wire";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileFilter } from "../src/query/compile-filter.ts";
import type { Bound, Interval, LogFilter, Pattern, PatternPart, SearchedField, TextField } from "../src/query/filter.ts";
import { parseLucene } from "../src/query/lucene/parse.ts";
import { printLucene } from "../src/query/lucene/print.ts";
import { compileRegex, regexFilter } from "../src/query/regex.ts";
import { sql, TenantScope } from "../src/sql/sql.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";
import { matches } from "./filter-oracle.ts";
import { logRecord, storeLogs } from "./query-rows.ts";

const T0 = BigInt(Date.UTC(2026, 10, 22, 10)) * 1_000_000n;
const scope = new TenantScope("acme");

const WORDS = ["status", "STATUS", "500", "50", "user-123", "user_123", "a.b.c", "err", "Error:", "été", "ÉTÉ", "数据库", "x'y", '"q"', "\\", "%", "_", "(", "[", "$", "^", "*", "?", "|", "\u0000", "é1", "😀", "--", "{p0:String}"];
const JOINTS = [" ", " ", " ", "", "-", "\n", "\t", "  ", "\u00a0", "."];
const message = fc.array(fc.tuple(fc.constantFrom(...WORDS), fc.constantFrom(...JOINTS)), { maxLength: 6 }).map((pieces) => pieces.flat().join(""));
const KEYS = ["k", "context.k", "a.b", "it's", "", "ключ"];
const VALUES = ["", "5", "5.0", "+5", "50", "-5", "1e1", "1e400", "inf", "nan", " 5", "abc", "aBc", "a%c", "a_c", "a\\c", "a'c", "été", "日本", "a\nc", "\u0000"];
const value = fc.constantFrom(...VALUES);
const RESOURCES = ["", "api", "API", "api-gateway", "a%", "b'"];
const resource = fc.constantFrom(...RESOURCES);
const TRACES = ["", "4bf92f3577b34da6a3ce929d0e0e4736", "00000000000000000000000000000001", "ffffffffffffffffffffffffffffffff"];
const SPANS = ["", "00f067aa0ba902b7", "0000000000000001"];
const PATTERNS = [0n, 1n, (1n << 53n) + 1n, (1n << 64n) - 1n];
const WEIGHTS = [0, 0.1, 1, 10, 1 / 3];
const instant = fc.integer({ min: 0, max: 5 }).map((n) => T0 + BigInt(n));

const record: fc.Arbitrary<LogRecord> = fc
  .record({
    timestamp: instant,
    observed: instant,
    severity: fc.integer({ min: 0, max: 24 }),
    service: resource,
    host: resource,
    environment: resource,
    message,
    traceId: fc.constantFrom(...TRACES),
    spanId: fc.constantFrom(...SPANS),
    pattern: fc.constantFrom(...PATTERNS),
    weight: fc.constantFrom(...WEIGHTS),
    attributes: fc.dictionary(fc.constantFrom(...KEYS), value, { maxKeys: 4 }).map((attributes) => ({ ...attributes })),
  })
  .map(logRecord);

const text = fc.array(fc.oneof(fc.constantFrom(...WORDS), fc.constantFrom(...JOINTS)), { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join(""));
const slice = (of: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(of, fc.nat({ max: 4 }), fc.integer({ min: 1, max: 5 })).map(([s, from, length]) => [...s].slice(from, from + length).join("")).filter((s) => s !== "");
const patternOf = (literal: fc.Arbitrary<string>): fc.Arbitrary<Pattern> =>
  fc
    .tuple(fc.option(literal, { nil: undefined }), fc.constantFrom<PatternPart>("any", "one"), fc.option(literal, { nil: undefined }), fc.option(fc.constantFrom<PatternPart>("any", "one"), { nil: undefined }))
    .map(([before, wildcard, after, last]): Pattern => [
      ...(before === undefined ? [] : [{ literal: before }]),
      wildcard,
      ...(after === undefined ? [] : [{ literal: after }, ...(last === undefined ? [] : [last])]),
    ]);
const interval = <T>(bound: fc.Arbitrary<T>): fc.Arbitrary<Interval<T>> => {
  const end: fc.Arbitrary<Bound<T>> = fc.record({ value: bound, inclusive: fc.boolean() });
  return fc.oneof(fc.record({ from: end }), fc.record({ to: end }), fc.record({ from: end, to: end }));
};
const field: fc.Arbitrary<TextField> = fc.oneof(
  fc.constantFrom("service" as const, "host" as const, "environment" as const).map((column): TextField => ({ kind: "column", column })),
  fc.constantFrom(...KEYS).map((key): TextField => ({ kind: "attribute", keys: [key] })),
  fc.constant<TextField>({ kind: "attribute", keys: ["k", "context.k"] }),
);
const fieldText = fc.oneof(value, resource);
/** Expressions from literals and operators: what does not compile is drawn anew. */
const regex = fc
  .array(fc.oneof(fc.constantFrom("status", "50", "a", "é", "数", "'", "\\\\", "\\d", "\\s", "\\b", ".", "^", "$", "(?i)", "(?s)", "[^a-z ]", "\\pL", "\n"), fc.constantFrom("*", "+", "?", "{2}", "|", "(", ")", "*?")), { minLength: 1, maxLength: 6 })
  .map((pieces) => pieces.join(""))
  .filter(isRegex);
const hex = fc.constantFrom("0", "f", "4bf9", "1");
const searched: fc.Arbitrary<SearchedField> = fc.oneof(field, fc.constant({ kind: "message" } as const), fc.constantFrom("trace_id" as const, "span_id" as const).map((column) => ({ kind: "id", column }) as const));
const idColumn = fc.constantFrom("trace_id" as const, "span_id" as const);

const leaf: fc.Arbitrary<LogFilter> = fc.oneof(
  { weight: 3, arbitrary: text.map((t): LogFilter => ({ kind: "phrase", text: t })) },
  { weight: 2, arbitrary: slice(message).map((t): LogFilter => ({ kind: "phrase", text: t })) },
  { weight: 3, arbitrary: patternOf(slice(message)).map((pattern): LogFilter => ({ kind: "message-pattern", pattern })) },
  { weight: 2, arbitrary: fc.tuple(field, fieldText).map(([f, v]): LogFilter => ({ kind: "equals", field: f, value: v })) },
  { weight: 2, arbitrary: fc.tuple(field, patternOf(slice(fieldText))).map(([f, pattern]): LogFilter => ({ kind: "pattern", field: f, pattern })) },
  { weight: 2, arbitrary: fc.tuple(searched, fc.oneof(text, slice(message), slice(fieldText), hex), fc.boolean()).map(([f, t, ignoreCase]): LogFilter => ({ kind: "contains", field: f, text: t, ignoreCase })) },
  { weight: 2, arbitrary: fc.tuple(searched, regex, fc.boolean()).map(([f, r, whole]): LogFilter => regexFilter(f, r, whole)) },
  fc.tuple(field, interval(fieldText)).map(([f, i]): LogFilter => ({ kind: "text-range", field: f, interval: i })),
  { weight: 2, arbitrary: interval(fc.constantFrom(-5, 0, 5, 10, 50.5)).map((i): LogFilter => ({ kind: "attribute-range", keys: ["k", "context.k"], interval: i })) },
  interval(fc.bigInt({ min: -1n, max: 25n })).map((i): LogFilter => ({ kind: "number-range", column: "severity", interval: i })),
  interval(fc.constantFrom<number | bigint>(...PATTERNS, -1n, 1n << 80n, 0.5)).map((i): LogFilter => ({ kind: "number-range", column: "pattern", interval: i })),
  interval(fc.constantFrom(...WEIGHTS)).map((i): LogFilter => ({ kind: "number-range", column: "weight", interval: i })),
  fc.tuple(fc.constantFrom("timestamp" as const, "observed" as const), interval(instant)).map(([column, i]): LogFilter => ({ kind: "time-range", column, interval: i })),
  idColumn.chain((column) => fc.constantFrom(...(column === "trace_id" ? TRACES : SPANS)).map((hex): LogFilter => ({ kind: "id", column, hex }))),
  fc.tuple(idColumn, patternOf(fc.constantFrom("0", "f", "4bf9", "1"))).map(([column, pattern]): LogFilter => ({ kind: "id-pattern", column, pattern })),
  fc
    .oneof(
      field,
      fc.constant({ kind: "message" } as const),
      idColumn.map((column) => ({ kind: "id", column }) as const),
      fc.constantFrom("severity" as const, "pattern" as const, "weight" as const).map((column) => ({ kind: "number", column }) as const),
    )
    .map((f): LogFilter => ({ kind: "exists", field: f })),
);
const { filter } = fc.letrec<{ filter: LogFilter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 3, arbitrary: leaf },
    fc.array(tie("filter"), { maxLength: 3 }).map((items): LogFilter => ({ kind: "and", items })),
    fc.array(tie("filter"), { maxLength: 3 }).map((items): LogFilter => ({ kind: "or", items })),
    tie("filter").map((item): LogFilter => ({ kind: "not", item })),
  ),
}));

function isRegex(candidate: string): boolean {
  try {
    compileRegex(candidate);
    return true;
  } catch {
    return false;
  }
}

let test: TestStore;
let rows: LogRecord[];

beforeAll(async () => {
  test = await startTestStore();
  rows = fc.sample(record, { numRuns: 600, seed: 20261122 });
  // Several parts.
  for (let from = 0; from < rows.length; from += 200) await storeLogs(test.store, scope.tenant, rows.slice(from, from + 200), { agent: 1n, epoch: 1, seq: from });
});
afterAll(() => test?.stop());

const found = async (f: LogFilter): Promise<string[]> => {
  const ids = await test.store.read<{ id: string }>(
    scope.statement(sql`SELECT toString(bitAnd(batch, 4294967295) + row) AS id ${scope.from("logs")} AND (${compileFilter(f)}) ORDER BY batch, row`),
  );
  return ids.map(({ id }) => id);
};
const expected = (f: LogFilter): string[] => rows.flatMap((row, i) => (matches(f, row) ? [String(i)] : []));

describe("a compiled filter", () => {
  it("finds what the oracle finds", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(filter, async (f) => {
        expect(await found(f)).toEqual(expected(f));
      }),
      { numRuns: 300 },
    );
  });

  it("and its negation share the rows between them", async () => {
    await fc.assert(
      fc.asyncProperty(leaf, async (f) => {
        expect((await found(f)).length + (await found({ kind: "not", item: f })).length).toBe(rows.length);
      }),
      { numRuns: 100 },
    );
  });

  it("finds a row by its id, or by the one that its writer gave it", async () => {
    const named = new TenantScope("named");
    const key = { agent: 2n, epoch: 1, seq: 1 };
    await storeLogs(test.store, named.tenant, [{ message: "a" }, { message: "b", attributes: { _id: "mine" } }, { message: "c", attributes: { _id: "" } }].map((row, i) => logRecord({ timestamp: T0 + BigInt(i), ...row })), key);
    const idOf = (row: number): string => `${formatBatchKey(key)}-${row}`;
    for (const [id, messages] of [[idOf(0), ["a"]], [idOf(1), []], ["mine", ["b"]], ["", ["c"]], [idOf(9), []], ["x' OR 1 --", []]] as const) {
      const rows = await test.store.read<{ message: string }>(named.statement(sql`SELECT message ${named.from("logs")} AND (${compileFilter({ kind: "row-id", id })})`));
      expect([id, rows.map(({ message: m }) => m)]).toEqual([id, messages]);
    }
  });

  const cases: [query: string, messages: string[]][] = [
    ["timeout", ["Database timeout", "TIMEOUT!", "a timeout-b"]],
    ['"status 50"', ["status 50", "x Status 50."]],
    ["user-123", ["user-123 in", "USER-123"]],
    ["conn*", ["conn", "Connection lost", "-connect"]],
    ["/api/*/orders", ["GET /api/v1/orders 200"]],
    ["*out", ["Database timeout", "TIMEOUT!", "a timeout-b", "log out"]],
    ["t?meout", ["Database timeout", "TIMEOUT!", "a timeout-b"]],
    ["->", ["a -> b"]],
  ];
  const corpus = ["Database timeout", "TIMEOUT!", "a timeout-b", "timeouts", "status 50", "x Status 50.", "status 500 took 50 ms", "user-123 in", "USER-123", "user 123", "conn", "Connection lost", "-connect", "reconnect", "GET /api/v1/orders 200", "GET /api/v1/x orders", "log out", "a -> b", ""];
  it("is found by the query that it is printed as", async () => {
    await fc.assert(
      fc.asyncProperty(leaf.filter(({ kind }) => kind === "contains" || kind === "regex"), async (f) => {
        expect(await found(parseLucene(printLucene(f), { nowMs: 0 }))).toEqual(expected(f));
      }),
      { numRuns: 50 },
    );
  });

  it("reads messages as people do", async () => {
    const readable = new TenantScope("readable");
    await storeLogs(test.store, readable.tenant, corpus.map((m, i) => logRecord({ timestamp: T0 + BigInt(i), message: m })));
    for (const [query, messages] of cases) {
      const where = compileFilter(parseLucene(query === "->" ? '"->"' : query, { nowMs: 0 }));
      const answer = await test.store.read<{ message: string }>(readable.statement(sql`SELECT message ${readable.from("logs")} AND (${where}) ORDER BY timestamp`));
      expect([query, answer.map((row) => row.message)]).toEqual([query, messages]);
    }
  });

  it("uses the text index for words", async () => {
    const plan = await test.store.read<{ explain: string }>(
      scope.statement(sql`EXPLAIN indexes = 1 SELECT count() ${scope.from("logs")} AND (${compileFilter({ kind: "phrase", text: "status 500" })})`),
    );
    expect(plan.map(({ explain }) => explain).join("\n")).toContain('tokens: ["500", "status"]');
  });
});
