import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check } from "./check.ts";
import { PromqlError } from "./errors.ts";
import { parseDuration, parseNumber, unquote } from "./literals.ts";
import { parse } from "./parse.ts";
import type { Expr } from "./syntax.ts";

const CONTEXT = { stepMs: 15_000, rangeMs: 3_600_000 };

const shifts = ({ offset, at }: { readonly offset?: (context: typeof CONTEXT) => number; readonly at?: { readonly kind: string; readonly ms?: number } }): string => `${offset ? ` offset ${offset(CONTEXT)}` : ""}${at ? ` @ ${at.kind === "time" ? at.ms : at.kind}` : ""}`;

/** The tree in prefix form. */
const show = (expr: Expr): string => {
  switch (expr.kind) {
    case "number":
      return String(expr.value);
    case "string":
      return JSON.stringify(expr.value);
    case "selector":
      return `{${expr.matchers.map(({ name, operator, value }) => `${name}${operator}${value}`).join(",")}}${shifts(expr as never)}${expr.isSmoothed ? " smoothed" : ""}`;
    case "matrix":
      return `(range ${show(expr.selector)} ${expr.range(CONTEXT)}${expr.extension ? ` ${expr.extension}` : ""})`;
    case "subquery":
      return `(subquery ${show(expr.expr)} ${expr.range(CONTEXT)}:${expr.step?.(CONTEXT) ?? ""}${shifts(expr as never)})`;
    case "call":
      return `(${[expr.name, ...expr.args.map(show)].join(" ")})`;
    case "aggregation":
      return `(${expr.operator} ${expr.without ? "without" : "by"} [${expr.grouping.join(",")}]${expr.parameter ? ` ${show(expr.parameter)}` : ""} ${show(expr.expr)})`;
    case "binary": {
      const { on, labels, cardinality, include, fillLeft, fillRight } = expr.matching;
      const matching = labels.length > 0 || on ? ` ${on ? "on" : "ignoring"} [${labels.join(",")}]` : "";
      const fills = fillLeft === undefined && fillRight === undefined ? "" : ` fill ${fillLeft}/${fillRight}`;
      return `(${expr.operator}${expr.returnsBool ? " bool" : ""}${matching}${cardinality.includes("many-to-one") || cardinality.includes("one-to-many") ? ` ${cardinality} [${include.join(",")}]` : ""}${fills} ${show(expr.left)} ${show(expr.right)})`;
    }
    case "unary":
      return `(${expr.operator} ${show(expr.expr)})`;
    case "paren":
      return show(expr.expr);
  }
};

/** Its type, or the fault that is named. */
const outcome = (query: string): string => {
  try {
    return check(parse(query), { query, allowExperimental: true });
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    return error.message;
  }
};

describe("parse", () => {
  it.each([
    ["1 + 2 * 3 ^ 2 ^ 2", "(+ 1 (* 2 (^ 3 (^ 2 2))))"],
    ["-1 ^ 2", "(- (^ 1 2))"],
    ["2 ^ -1", "(^ 2 -1)"],
    ["2. + .5 + 1e3 + 0x1F + 5m + 1_000", "(+ (+ (+ (+ (+ 2 0.5) 1000) 31) 300) 1000)"],
    ["-foo or bar and baz unless qux", "(or (- {__name__=foo}) (unless (and {__name__=bar} {__name__=baz}) {__name__=qux}))"],
    ["a offset 15m or b offset 45m", "(or {__name__=a} offset 900000 {__name__=b} offset 2700000)"],
    ["a - b[5m:1m] offset -1m @ 10", "(- {__name__=a} (subquery {__name__=b} 300000:60000 offset -60000 @ 10000))"],
    ["rate(a[5m] @ start() offset 1w)", "(rate (range {__name__=a} offset 604800000 @ start 300000))"],
    ["rate(a[1m + 2 * step()] smoothed)", "(rate (range {__name__=a} 90000 smoothed))"],
    ["a offset (STEP() / 3)", "{__name__=a} offset 5000"],
    ["a[min_of(range(), 2m)]", "(range {__name__=a} 120000)"],
    ["max_of(1, 2)", "(max_of 1 2)"],
    ['{"http.requests", code=~"5..", "my label"!="x"}', "{__name__=http.requests,code=~5..,my label!=x}"],
    ["SUM BY (a, b,) (x)", "(sum by [a,b] {__name__=x})"],
    ['topk(3, x) without ("odd name")', "(topk without [odd name] 3 {__name__=x})"],
    ["a / on(x) group_left(y) b", "(/ on [x] many-to-one [y] {__name__=a} {__name__=b})"],
    ["a + ignoring(x) fill_left(0) b", "(+ ignoring [x] fill 0/undefined {__name__=a} {__name__=b})"],
    ["a > bool b # what follows is a comment with sum(", "(> bool {__name__=a} {__name__=b})"],
    ["sum(sum)", "(sum by [] {__name__=sum})"],
    ["'it\\'s' == 1", `(== "it's" 1)`],
  ])("%s", (query, tree) => expect(show(parse(query))).toBe(tree));

  it.each([
    ["", "1:1: parse error: no expression found in input"],
    ["sum(", "1:5: parse error: unexpected end of input"],
    ["a +\n  * b", /^2:3: parse error: unexpected "\*"/],
    ["rate(a)[5m]", "1:1: parse error: ranges only allowed for vector selectors"],
    ["a[0s]", "1:3: parse error: duration must be greater than 0"],
    ["(a + b) offset 5m", /offset modifier must be preceded by/],
    ["a offset 5m offset 5m", /offset may not be set multiple times/],
    ["a + bool b", /bool modifier can only be used on comparison operators/],
    ["a and on(x) group_left b", /no grouping allowed for "and" operation/],
    ["a * on(x) group_left(x) b", /label "x" must not occur in ON and GROUP clause at once/],
    ['a{__name__="b"}', /metric name must not be set twice/],
    ['"unfinished', /unterminated/],
    ['"\\q"', /unterminated/],
    ["a[5m", /unexpected end of input/],
    [`${"(".repeat(300)}a${")".repeat(300)}`, /nested too deeply/],
  ])("%j is refused", (query, message) => expect(() => parse(query)).toThrow(message));

  it("takes any text for a query or says where it is none", () => {
    const word = fc.constantFrom("sum", "by", "(", ")", "[", "]", "5m", "a", "{", "}", '"x"', "=", "=~", "+", "-", "offset", "@", "start()", "rate", ",", "1", "on", "bool", ":", "^", "#", "min_of", "\n");
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.array(word, { maxLength: 14 }).map((words) => words.join(" "))), (query) => {
        expect(outcome(query)).toMatch(/^(?:scalar|string|vector|matrix|\d+:\d+: parse error: )/);
      }),
      { numRuns: 2_000 },
    );
  });
});

const typeOf = (query: string, allowExperimental = true): string => check(parse(query), { query, allowExperimental });

describe("check", () => {
  it.each([
    ["1", "scalar"],
    ['"x"', "string"],
    ["a", "vector"],
    ["a[5m]", "matrix"],
    ["a[5m:]", "matrix"],
    ["scalar(a) + 1", "scalar"],
    ["1 + a", "vector"],
    ["sum(rate(a[5m]))", "vector"],
    ["hour()", "vector"],
  ])("%s is a %s", (query, type) => expect(typeOf(query)).toBe(type));

  it.each([
    ["{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"],
    ['{a=~".*"}', /at least one non-empty matcher/],
    ['a{b=~"("}', /error parsing regexp/],
    ["rate(a)", '1:6: parse error: expected type range vector in call to function "rate", got instant vector'],
    ["sum(a[5m])", "1:5: parse error: expected type instant vector in aggregation expression, got range vector"],
    ["rate()", 'expected 1 argument(s) in call to "rate", got 0'],
    ["round(a, 1, 2)", 'expected at most 2 argument(s) in call to "round", got 3'],
    ["label_join(a)", 'expected at least 3 argument(s) in call to "label_join", got 1'],
    ["nothing_over_time(a[5m])", /unexpected|unknown function/],
    ["1 == 1", "comparisons between scalars must use BOOL modifier"],
    ["1 and 2", 'set operator "and" not allowed in binary scalar expression'],
    ["a + on(x) 1", "vector matching only allowed between instant vectors"],
    ['-"x"', 'unary expression only allowed on expressions of type scalar or instant vector, got "string"'],
    ['a + "x"', "binary expression must contain only scalar and instant vector types"],
    ["topk(a)", "wrong number of arguments for aggregate expression provided, expected 2, got 1"],
    ["sum(1, a)", "wrong number of arguments for aggregate expression provided, expected 1, got 2"],
    ["deriv(a[5m] smoothed)", "smoothed modifier can only be used with: delta, increase, rate - not with deriv"],
  ])("%s is refused", (query, message) => expect(() => typeOf(query)).toThrow(message));

  it.each(["limitk(1, a)", "mad_over_time(a[5m])", "rate(a[5m] anchored)"])("%s is an experiment", (query) => {
    expect(typeOf(query)).toBe("vector");
    expect(() => typeOf(query, false)).toThrow(/experimental|not enabled/);
  });
});

describe("literals", () => {
  it.each([["5m", 300_000], ["1h30m", 5_400_000], ["1y2w3d4h5m6s7ms", 31_536_000_000 + 2 * 604_800_000 + 3 * 86_400_000 + 4 * 3_600_000 + 306_007], ["5", undefined], ["5x", undefined], ["", undefined]])("%s", (text, ms) => expect(parseDuration(text)).toBe(ms));
  it.each([["1.5", 1.5], ["-Inf", Number.NEGATIVE_INFINITY], ["+inf", Number.POSITIVE_INFINITY], ["NaN", Number.NaN], ["0x10", 16], ["010", 8], ["1e-3", 0.001], ["2m", 120], ["x", undefined]])("%s", (text, value) => expect(parseNumber(text)).toBe(value));
  it.each([['"a\\n\\u00e4\\x41\\101"', "a\näAA"], ["'\\xc3\\xa4'", "ä"], ["`a\\n`", "a\\n"], ['"', undefined], ['"\\"', undefined], ['"a\nb"', undefined]])("%s", (text, value) => expect(unquote(text)).toBe(value));
});
