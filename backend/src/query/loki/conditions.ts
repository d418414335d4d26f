/**
 * Stages of a query as conditions of the store, as far as it goes: what it can say of a row by its columns alone,
 * before a parser or a template comes in. Three answers are possible. Rows that do not meet the conditions are out.
 * Of those that do, the ones in doubt hold something that only the stages themselves can judge, such as text where
 * a number is asked for. When `exact`, all others are in.
 */

import { and, not, or, param, sql, type Fragment } from "../../sql/sql.ts";
import { compileFilter } from "../compile-filter.ts";
import { allOf, anyOf, EVERY_ROW, negate, NO_ROW, type LogFilter, type TextColumn } from "../filter.ts";
import { regexFilter, storeRegex } from "../regex.ts";
import { ERROR, ERROR_DETAILS, isNegative, matcherTest, parseLinePattern, positiveOf, positiveTest, regexOfLinePattern, type Comparison, type LabelFilter, type Matcher, type Stage, type Unwrap } from "../logql/index.ts";
import { COLUMN_LABELS, isStreamLabel, labelText, UNKNOWN_LEVEL, UNKNOWN_SERVICE } from "./labels.ts";

export interface Conditions {
  readonly where: Fragment;
  /** undefined: none can be. */
  readonly doubt: Fragment | undefined;
  readonly exact: boolean;
}

/** Numbers that both the store and Go read, and read as the same. */
const NUMBER = "^[-+]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][-+]?[0-9]+)?$";

const isNumber = (text: Fragment): Fragment => sql`match(${text}, ${param.string(NUMBER)})`;
export const numberOf = (text: Fragment): Fragment => sql`toFloat64OrZero(${text})`;

const SEVERITIES: Readonly<Record<string, readonly [bigint, bigint]>> = { trace: [1n, 4n], debug: [5n, 8n], info: [9n, 12n], warn: [13n, 16n], error: [17n, 20n], fatal: [21n, 24n] };

const severities = (from: bigint, to: bigint): LogFilter => ({ kind: "number-range", column: "severity", interval: { from: { value: from, inclusive: true }, to: { value: to, inclusive: true } } });

const onColumn = (column: TextColumn, { operator, value }: Matcher): LogFilter =>
  operator === "=" || operator === "!=" ? { kind: "equals", field: { kind: "column", column }, value } : regexFilter({ kind: "column", column }, value, true);

/** Of the matcher without its `!`. */
const positiveFilter = (matcher: Matcher): LogFilter | undefined => {
  const { name, operator, value } = matcher;
  const test = positiveTest(matcher);
  switch (name) {
    case "service":
    case "host":
    case "environment":
      return onColumn(name, matcher);
    case "service_name": {
      const none: LogFilter = { kind: "equals", field: { kind: "column", column: "service" }, value: "" };
      const some = allOf([negate(none), onColumn("service", matcher)]);
      return test(UNKNOWN_SERVICE) ? anyOf([some, none]) : some;
    }
    case "level":
    case "detected_level": {
      const levels = Object.entries(SEVERITIES).filter(([level]) => test(level)).map(([, [from, to]]) => severities(from, to));
      const others = negate(severities(1n, 24n));
      return anyOf(test(name === "level" ? "" : UNKNOWN_LEVEL) ? [...levels, others] : levels);
    }
    case "trace_id":
    case "span_id": {
      if (operator === "=~" || operator === "!~") return regexFilter({ kind: "id", column: name }, value, true);
      const digits = name === "trace_id" ? 32 : 16;
      if (value === "") return { kind: "id", column: name, hex: "" };
      return /^[0-9a-f]+$/.test(value) && value.length === digits && !/^0*$/.test(value) ? { kind: "id", column: name, hex: value } : NO_ROW;
    }
    default:
      return undefined;
  }
};

/** Rows that a matcher on a column or an attribute means. */
export const matcherCondition = (matcher: Matcher): Fragment => {
  const filter = positiveFilter(matcher);
  const positive = filter ? compileFilter(filter) : attributeCondition(matcher);
  return isNegative(matcher) ? not(positive) : positive;
};

const attributeCondition = ({ name, operator, value }: Matcher): Fragment => {
  const text = labelText(name);
  if (operator === "=~" || operator === "!~") return sql`match(${text}, ${param.string(storeRegex(value, true))})`;
  const equal = sql`${text} = ${param.string(value)}`;
  // The index of values leaves few rows for the look at keys.
  return value === "" ? equal : and([sql`has(mapValues(attributes), ${param.string(value)})`, equal]);
};

/** RE2 stops reading longer expressions (regex.ts): those are left to the stages. */
const MAX_REGEX = 1_000;

type LineStage = Extract<Stage, { kind: "line" }>;

/** undefined: the store cannot say. */
const lineFilter = ({ operator, alternatives }: LineStage): LogFilter | undefined => {
  const positive = positiveOf(operator);
  const tests = alternatives.map(({ text, isIp }): LogFilter | undefined => {
    if (isIp) return undefined;
    if (positive === "|=") return text === "" ? EVERY_ROW : { kind: "contains", field: { kind: "message" }, text, ignoreCase: false };
    if (positive === "|~") return text === "" ? EVERY_ROW : regexFilter({ kind: "message" }, text, false);
    const nodes = parseLinePattern(text);
    const regex = regexOfLinePattern(nodes);
    if (regex.length > MAX_REGEX) return undefined;
    const literals = nodes.flatMap((node): LogFilter[] => ("literal" in node ? [{ kind: "contains", field: { kind: "message" }, text: node.literal, ignoreCase: false }] : []));
    return allOf([...literals, regexFilter({ kind: "message" }, regex, true)]);
  });
  if (tests.includes(undefined)) return undefined;
  const any = anyOf(tests as LogFilter[]);
  return operator === positive ? any : negate(any);
};

interface Answer {
  /** The row may be in. */
  readonly maybe: Fragment;
  readonly doubt: Fragment | undefined;
}

const COMPARE: Readonly<Record<Comparison, Fragment>> = { "==": sql`=`, "!=": sql`!=`, ">": sql`>`, ">=": sql`>=`, "<": sql`<`, "<=": sql`<=` };

const orAll = (items: readonly (Fragment | undefined)[]): Fragment | undefined => {
  const some = items.filter((item) => item !== undefined);
  return some.length === 0 ? undefined : or(some);
};

/** What the stages before one have done to what it looks at. */
interface Ground {
  /** The line is the message still. */
  line: boolean;
  /** Labels of streams are as they were stored. */
  stream: boolean;
  /** All labels are, and entries have no faults but those in doubt. */
  all: boolean;
  doubt: Fragment | undefined;
}

/** undefined: the store cannot say. */
const labelAnswer = (filter: LabelFilter, ground: Ground): Answer | undefined => {
  switch (filter.kind) {
    case "matcher": {
      if (filter.name === ERROR || filter.name === ERROR_DETAILS) return ground.all ? { maybe: orAll([ground.doubt, matcherTest(filter)("") ? sql`1` : sql`0`])!, doubt: undefined } : undefined;
      return (isStreamLabel(filter.name) ? ground.stream : ground.all) ? { maybe: matcherCondition(filter), doubt: undefined } : undefined;
    }
    case "and":
    case "or": {
      const left = labelAnswer(filter.left, ground);
      // What is faulty by the left side passes the right one.
      const right = left && labelAnswer(filter.right, filter.kind === "and" ? { ...ground, doubt: orAll([ground.doubt, left.doubt]) } : ground);
      if (!right) return undefined;
      return { maybe: (filter.kind === "and" ? and : or)([left.maybe, right.maybe]), doubt: orAll([left.doubt, right.doubt]) };
    }
    case "number": {
      if (!ground.all || COLUMN_LABELS.has(filter.name) || !Number.isFinite(filter.value)) return undefined;
      const text = labelText(filter.name);
      const doubt = and([sql`${text} != ''`, not(isNumber(text))]);
      const meets = and([isNumber(text), sql`${numberOf(text)} ${COMPARE[filter.operator]} ${param.float64(filter.value)}`]);
      // An entry with a fault passes.
      return { maybe: orAll([meets, doubt, ground.doubt])!, doubt };
    }
    default:
      return undefined;
  }
};

const PARSERS: ReadonlySet<string> = new Set(["json", "logfmt", "pattern", "regexp", "unpack"]);

export const conditionsOf = (matchers: readonly Matcher[], stages: readonly Stage[], unwrap?: Unwrap): Conditions => {
  const where = matchers.map(matcherCondition);
  const ground: Ground = { line: true, stream: true, all: true, doubt: undefined };
  let exact = true;
  const take = (answer: Answer | undefined): void => {
    if (!answer) {
      exact = false;
      // What it does to entries, faults too, is not known.
      ground.all = false;
      return;
    }
    where.push(answer.maybe);
    ground.doubt = orAll([ground.doubt, answer.doubt]);
  };
  for (const stage of stages) {
    if (stage.kind === "line") {
      const filter = ground.line ? lineFilter(stage) : undefined;
      if (filter) where.push(compileFilter(filter));
      else exact = false;
    } else if (stage.kind === "label") take(labelAnswer(stage.filter, ground));
    else {
      exact = false;
      ground.all = false;
      if (!PARSERS.has(stage.kind) && stage.kind !== "line_format" && stage.kind !== "decolorize") ground.stream = false;
      if (stage.kind === "unpack" || stage.kind === "line_format" || stage.kind === "decolorize") ground.line = false;
    }
  }
  if (unwrap) {
    if (unwrap.conversion || !ground.all || COLUMN_LABELS.has(unwrap.label)) {
      exact = false;
      ground.all = false;
    } else {
      const text = labelText(unwrap.label);
      where.push(sql`${text} != ''`);
      ground.doubt = orAll([ground.doubt, not(isNumber(text))]);
    }
    for (const filter of unwrap.filters) take(labelAnswer(filter, ground));
  }
  return { where: and(where), doubt: ground.doubt, exact };
};
