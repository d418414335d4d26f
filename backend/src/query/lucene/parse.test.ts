import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApiError } from "../../errors.ts";
import { resolveField } from "../fields.ts";
import type { Bound, Interval, LogFilter, Pattern, PatternPart, TextField } from "../filter.ts";
import { EARLIEST_NS, LATEST_NS } from "../time.ts";
import { MAX_CONDITIONS, MAX_DEPTH, MAX_QUERY_LENGTH, parseLucene } from "./parse.ts";
import { printLucene } from "./print.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 10);
const parse = (text: string): LogFilter => parseLucene(text, { nowMs: NOW_MS });

const phrase = (text: string): LogFilter => ({ kind: "phrase", text });
const not = (item: LogFilter): LogFilter => ({ kind: "not", item });
const and = (...items: LogFilter[]): LogFilter => ({ kind: "and", items });
const or = (...items: LogFilter[]): LogFilter => ({ kind: "or", items });
const attribute = (name: string): TextField => ({ kind: "attribute", keys: [name, `context.${name}`] });
const equals = (field: TextField, value: string): LogFilter => ({ kind: "equals", field, value });
const service = (value: string): LogFilter => equals({ kind: "column", column: "service" }, value);
const severity = (from: bigint, to: bigint): LogFilter => ({
  kind: "number-range",
  column: "severity",
  interval: { from: { value: from, inclusive: true }, to: { value: to, inclusive: true } },
});
const [a, b, c] = [phrase("a"), phrase("b"), phrase("c")];

describe("what queries mean", () => {
  const cases: [query: string, filter: LogFilter][] = [
    ["", and()],
    ["  \t\n", and()],
    ["*", and()],
    ["*:*", and()],
    ["a", a],
    ["a b", and(a, b)],
    ["a AND b && c", and(a, b, c)],
    ["a OR b || c", or(a, b, c)],
    ["a b OR c", or(and(a, b), c)],
    ["a OR b c", or(a, and(b, c))],
    ["a AND (b OR c)", and(a, or(b, c))],
    ["NOT a", not(a)],
    ["-a !b +c", and(not(a), not(b), c)],
    ["NOT (a OR b)", not(or(a, b))],
    ["-(a b)", not(and(a, b))],
    ["NOT NOT a", not(not(a))],
    ["a - b", and(a, phrase("-"), b)],
    ["((a))", a],
    ["and or not to", and(phrase("and"), phrase("or"), phrase("not"), phrase("to"))],
    ['"AND"', phrase("AND")],
    ["ANDROID ORange NOTe", and(phrase("ANDROID"), phrase("ORange"), phrase("NOTe"))],
    ['"circuit breaker"', phrase("circuit breaker")],
    ['"say \\"hi\\" \\\\ C:\\dir \\d+"', phrase('say "hi" \\ C:\\dir \\d+')],
    ['foo"bar"', and(phrase("foo"), phrase("bar"))],
    ["\\(a\\ b\\)", phrase("(a b)")],
    ["user-123", phrase("user-123")],
    ["[error]", phrase("[error]")],
    ["a=b", phrase("a=b")],
    ["10:00:01", phrase("10:00:01")],
    ["http://x.y/z?q", { kind: "message-pattern", pattern: [{ literal: "http://x.y/z" }, "one", { literal: "q" }] }],
    ["~/dir", phrase("~/dir")],
    ["/time.?out \\/api\\/v\\d+/", { kind: "regex", field: { kind: "message" }, regex: "time.?out \\/api\\/v\\d+", whole: false }],
    ["a (/b|c/)", and(a, { kind: "regex", field: { kind: "message" }, regex: "b|c", whole: false })],
    ["service:/api-.*/ -x:/[a/]", and({ kind: "regex", field: { kind: "column", column: "service" }, regex: "api-.*", whole: true }, not(equals(attribute("x"), "/[a/]")))],
    ["level:/ERR.*|FATAL/", or(severity(17n, 20n), severity(21n, 24n))],
    ["/var/log/syslog", phrase("/var/log/syslog")],
    ["path:/var/log", equals(attribute("path"), "/var/log")],
    ["数据库", phrase("数据库")],
    ["time*", { kind: "message-pattern", pattern: [{ literal: "time" }, "any"] }],
    ["t?me**\\*", { kind: "message-pattern", pattern: [{ literal: "t" }, "one", { literal: "me" }, "any", { literal: "*" }] }],
    ["service:api", service("api")],
    ["service.name:api", service("api")],
    ["service: api", service("api")],
    ["service:(api OR web)", or(service("api"), service("web"))],
    ["service:(api -web)", and(service("api"), not(service("web")))],
    ["-service:api", not(service("api"))],
    ['service:""', service("")],
    ["service:a*", { kind: "pattern", field: { kind: "column", column: "service" }, pattern: [{ literal: "a" }, "any"] }],
    ["message:a", a],
    ['message:""', not({ kind: "exists", field: { kind: "message" } })],
    ["endpoint:/api/users", equals(attribute("endpoint"), "/api/users")],
    ["context.endpoint:/api/users", equals({ kind: "attribute", keys: ["context.endpoint", "endpoint"] }, "/api/users")],
    ["attributes.service:x", equals({ kind: "attribute", keys: ["service"] }, "x")],
    ["url:http://x", equals(attribute("url"), "http://x")],
    ["a\\:b:c", equals(attribute("a:b"), "c")],
    ["\\1a:c", equals(attribute("1a"), "c")],
    ["\\_exists_:c", equals(attribute("_exists_"), "c")],
    ["level:error", severity(17n, 20n)],
    ["level:Warning", severity(13n, 16n)],
    ["level:(error OR fatal)", or(severity(17n, 20n), severity(21n, 24n))],
    ["level:>=warn", severity(13n, 24n)],
    ["level:>warn", severity(17n, 24n)],
    ["level:<warn", severity(1n, 12n)],
    ["level:[debug TO info]", severity(5n, 12n)],
    ["level:<trace", or()],
    ["level:*r*", or(severity(1n, 4n), severity(13n, 16n), severity(17n, 20n))],
    ["level:18", severity(18n, 18n)],
    ['level:""', not(severity(1n, 24n))],
    ["severity:17", severity(17n, 17n)],
    ["_exists_:level", severity(1n, 24n)],
    ["_exists_:x", { kind: "exists", field: attribute("x") }],
    ["x:*", { kind: "exists", field: attribute("x") }],
    ["x:[* TO *]", { kind: "exists", field: attribute("x") }],
    ["_exists_:trace_id", { kind: "exists", field: { kind: "id", column: "trace_id" } }],
    ["trace_id:4BF92F3577B34DA6A3CE929D0E0E4736", { kind: "id", column: "trace_id", hex: "4bf92f3577b34da6a3ce929d0e0e4736" }],
    ["trace_id:4bf92f35-77b3-4da6-a3ce-929d0e0e4736", { kind: "id", column: "trace_id", hex: "4bf92f3577b34da6a3ce929d0e0e4736" }],
    ["_id:00000000000000ab-00000007-00000001-0", { kind: "row-id", id: "00000000000000ab-00000007-00000001-0" }],
    ["span_id:0000000000000000", { kind: "id", column: "span_id", hex: "" }],
    ["trace_id:4BF*", { kind: "id-pattern", column: "trace_id", pattern: [{ literal: "4bf" }, "any"] }],
    ["status:>=500", { kind: "attribute-range", keys: ["status", "context.status"], interval: { from: { value: 500, inclusive: true } } }],
    ["status:< 500", { kind: "attribute-range", keys: ["status", "context.status"], interval: { to: { value: 500, inclusive: false } } }],
    [
      "status:[500 TO 599}",
      { kind: "attribute-range", keys: ["status", "context.status"], interval: { from: { value: 500, inclusive: true }, to: { value: 599, inclusive: false } } },
    ],
    ["temp:{-1.5 TO *]", { kind: "attribute-range", keys: ["temp", "context.temp"], interval: { from: { value: -1.5, inclusive: false } } }],
    ["v:[a TO *}", { kind: "text-range", field: attribute("v"), interval: { from: { value: "a", inclusive: true } } }],
    ['v:>"10"', { kind: "text-range", field: attribute("v"), interval: { from: { value: "10", inclusive: false } } }],
    ["host:[a TO b]", { kind: "text-range", field: { kind: "column", column: "host" }, interval: { from: { value: "a", inclusive: true }, to: { value: "b", inclusive: true } } }],
    ["weight:>1", { kind: "number-range", column: "weight", interval: { from: { value: 1, inclusive: false } } }],
    [
      "@timestamp:>=now-1h",
      { kind: "time-range", column: "timestamp", interval: { from: { value: BigInt(NOW_MS - 3_600_000) * 1_000_000n, inclusive: true } } },
    ],
    [
      "timestamp:2026-11-22",
      {
        kind: "time-range",
        column: "timestamp",
        interval: {
          from: { value: BigInt(Date.UTC(2026, 10, 22)) * 1_000_000n, inclusive: true },
          to: { value: BigInt(Date.UTC(2026, 10, 23)) * 1_000_000n - 1n, inclusive: true },
        },
      },
    ],
    [
      // Later than the day, not later than its midnight.
      "timestamp:>2026-11-22",
      { kind: "time-range", column: "timestamp", interval: { from: { value: BigInt(Date.UTC(2026, 10, 23)) * 1_000_000n - 1n, inclusive: false } } },
    ],
  ];

  it.each(cases)("%s", (query, filter) => expect(parse(query)).toEqual(filter));
});

describe("errors say where and what to do", () => {
  const cases: [query: string, offset: number, length: number, message: RegExp][] = [
    ['a "b c', 2, 4, /no end/],
    ["a (b OR c", 2, 1, /not closed/],
    ["a (", 2, 1, /not closed/],
    ["a b) c", 3, 1, /closes nothing/],
    ["a () b", 2, 2, /nothing in these parentheses/],
    ['a ""', 2, 2, /nothing in these quotes/],
    ["a AND", 2, 3, /must follow AND/],
    ["a OR )", 2, 2, /must follow OR/],
    ["NOT", 0, 3, /must follow NOT/],
    ["OR a", 0, 2, /stand before OR/],
    ["a AND OR b", 6, 2, /stand before OR/],
    ["(AND a)", 1, 3, /stand before AND/],
    ["service:", 0, 8, /value must follow service:/],
    ["x (service: )", 3, 9, /value must follow service:/],
    ["a service:[1 TO", 10, 5, /no range/],
    ["x:[1 2]", 2, 3, /no range/],
    ["x:[TO 2]", 2, 4, /no range/],
    ["x:[1 TO ]", 2, 6, /no range/],
    ['x:{"json": 1}', 2, 7, /no range/],
    ["x:[a* TO b]", 3, 2, /no wildcards/],
    ["x:>", 2, 1, /must follow >/],
    ["x:>=*", 4, 1, /no wildcards/],
    ["a foo~2", 5, 2, /Fuzzy/],
    ['"a b"~3', 5, 2, /Fuzzy/],
    ["foo^2", 3, 2, /boosts/],
    ["a\\", 1, 1, /follows this backslash/],
    ["_exists_:(a)", 9, 0, /name of a field/],
    ["a level:eror", 8, 4, /no level "eror"/],
    ["level:constructor", 6, 11, /no level/],
    ["trace_id:abc", 9, 3, /no trace_id/],
    ["span_id:>a", 8, 2, /no order/],
    ["message:[a TO b]", 8, 8, /no order/],
    ["severity:high", 9, 4, /no number/],
    ["severity:1*", 9, 2, /Wildcards do not go with severity/],
    ["severity:/1./", 9, 4, /Regular expressions do not go with severity/],
    ["a /b(/", 2, 4, /no regular expression/],
    ["x:/(?=a)/", 2, 7, /no regular expression/],
    [`/${"a".repeat(1_001)}/`, 0, 1_003, /too long/],
    ["@timestamp:yesterday", 11, 9, /no time/],
    ["@timestamp:[now-1h TO soon]", 11, 16, /no time/],
    ["x:>1e999", 2, 6, /too large/],
  ];

  it.each(cases)("%s", (query, offset, length, message) => {
    const error = errorOf(() => parse(query))!;
    expect(error.code).toBe("invalid_query");
    expect(error.message).toMatch(message);
    expect(error.details).toMatchObject({ offset, length, hint: expect.stringMatching(/\S/) });
  });

  it("refuse what is too long, too many or too deep", () => {
    expect(errorOf(() => parse("a".repeat(MAX_QUERY_LENGTH + 1)))?.message).toMatch(/too long/);
    expect(errorOf(() => parse("a ".repeat(MAX_CONDITIONS + 1)))?.message).toMatch(/too many/);
    expect(errorOf(() => parse("(".repeat(MAX_DEPTH + 1)))?.message).toMatch(/too deep/);
    expect(errorOf(() => parse("NOT ".repeat(1_000) + "a"))?.message).toMatch(/too deep/);
    expect(parse(`${"(".repeat(MAX_DEPTH)}a${")".repeat(MAX_DEPTH)}`)).toEqual(a);
  });

  it("are the only way to fail, for any text", () => {
    const piece = fc.oneof(fc.string({ unit: "binary", maxLength: 4 }), fc.constantFrom("AND", "OR", "NOT", "TO", "level:", "x:", "[", "]", "{", "}", "(", ")", '"', "\\", "*", "?", "~2", "^", ">=", "<", "-", "now/d", "@timestamp:", "trace_id:", "1e5", " "));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const query = pieces.join("");
        const error = errorOf(() => parse(query));
        const { offset, length } = (error?.details ?? { offset: 0, length: 0 }) as { offset: number; length: number };
        expect(["invalid_query", undefined]).toContain(error?.code);
        expect(offset).toBeGreaterThanOrEqual(0);
        expect(offset + length).toBeLessThanOrEqual(query.length);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** undefined when nothing was thrown. */
const errorOf = (run: () => unknown): ApiError | undefined => {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  return undefined;
};

const interval = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Interval<T>> => {
  const bound: fc.Arbitrary<Bound<T>> = fc.record({ value, inclusive: fc.boolean() });
  return fc.oneof(fc.record({ from: bound }), fc.record({ to: bound }), fc.record({ from: bound, to: bound }));
};

describe("printing", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 });
  const pattern: fc.Arbitrary<Pattern> = fc
    .tuple(text, fc.constantFrom<PatternPart>("any", "one"), fc.option(text, { nil: undefined }))
    .map(([before, wildcard, after]) => [{ literal: before }, wildcard, ...(after === undefined ? [] : [{ literal: after }])]);
  const attributeField = fc.oneof(text, fc.constantFrom("_exists_", "1", "context.x", "NOT", "attributes.attributes.x", "attributes.")).map(resolveField).filter((field) => field.kind === "attribute");
  const textField: fc.Arbitrary<TextField> = fc.oneof(fc.constantFrom("service" as const, "host" as const, "environment" as const).map((column): TextField => ({ kind: "column", column })), attributeField);
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
  const idColumn = fc.constantFrom("trace_id" as const, "span_id" as const);

  const leaf: fc.Arbitrary<LogFilter> = fc.oneof(
    text.map(phrase),
    pattern.map((p): LogFilter => ({ kind: "message-pattern", pattern: p })),
    fc.tuple(textField, fc.string({ unit: "grapheme" })).map(([field, value]) => equals(field, value)),
    fc.tuple(textField, pattern).map(([field, p]): LogFilter => ({ kind: "pattern", field, pattern: p })),
    fc.tuple(textField, interval(fc.string({ unit: "grapheme" }))).map(([field, i]): LogFilter => ({ kind: "text-range", field, interval: i })),
    fc.tuple(attributeField, interval(number)).map(([{ keys }, i]): LogFilter => ({ kind: "attribute-range", keys, interval: i })),
    interval(fc.bigInt({ min: 0n, max: 24n })).map((i): LogFilter => ({ kind: "number-range", column: "severity", interval: i })),
    interval(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })).map((i): LogFilter => ({ kind: "number-range", column: "pattern", interval: i })),
    interval(number).map((i): LogFilter => ({ kind: "number-range", column: "weight", interval: i })),
    interval(fc.bigInt({ min: EARLIEST_NS, max: LATEST_NS })).map((i): LogFilter => ({ kind: "time-range", column: "timestamp", interval: i })),
    fc.constantFrom("a", "[\\/\\]]", "\\/ \\\\", "\\(?").map((regex): LogFilter => ({ kind: "regex", field: { kind: "message" }, regex, whole: false })),
    fc.tuple(textField, fc.constantFrom("a|b", "x{2}")).map(([field, regex]): LogFilter => ({ kind: "regex", field, regex, whole: true })),
    idColumn.map((column): LogFilter => ({ kind: "id", column, hex: "12ab".repeat(column === "trace_id" ? 8 : 4) })),
    idColumn.map((column): LogFilter => ({ kind: "id", column, hex: "" })),
    text.map((id): LogFilter => ({ kind: "row-id", id })),
    fc.tuple(idColumn, fc.constantFrom("a", "0f")).map(([column, literal]): LogFilter => ({ kind: "id-pattern", column, pattern: ["any", { literal }] })),
    fc.oneof(textField, fc.constant({ kind: "message" } as const), fc.constant({ kind: "time", column: "received" } as const)).map((field): LogFilter => ({ kind: "exists", field })),
    fc.constant(and()),
  );
  const { filter } = fc.letrec<{ filter: LogFilter }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.array(tie("filter"), { minLength: 2, maxLength: 4 }).map((items) => and(...items)),
      fc.array(tie("filter"), { minLength: 2, maxLength: 4 }).map((items) => or(...items)),
      tie("filter").map(not),
    ),
  }));

  it("gives a query that parses back to the filter", () => {
    fc.assert(
      fc.property(filter, (original) => {
        expect(parse(printLucene(original))).toEqual(original);
      }),
      { numRuns: 2_000 },
    );
  });
});
