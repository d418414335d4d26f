/**
 * Query text to syntax tree, by Grafana's grammar for editors (@grafana/lezer-logql). That one is lenient where
 * people still type, and knows no precedence of operators: both are made good here.
 * Source: grafana.com/docs/loki/latest/query
 */

import { parser } from "@grafana/lezer-logql";
import type { SyntaxNode } from "@lezer/common";
import { RE2JS, RE2JSException } from "re2js";
import { parseError } from "./errors.ts";
import { PipelineReader } from "./parse-pipeline.ts";
import { childrenOf, itemsOf, Reader } from "./reader.ts";
import { respell } from "./respell.ts";
import type { BinaryOperation, Expr, Grouping, LogExpr, MetricExpr, RangeAggregation, RangeOperator, Unwrap, VectorOperator } from "./syntax.ts";

/** A query nests no deeper: beyond it, evaluation would run out of stack. */
const MAX_DEPTH = 200;
const MAX_LENGTH = 100_000;

const SETS: ReadonlySet<string> = new Set(["and", "or", "unless"]);
const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", ">", ">=", "<", "<="]);
const PRECEDENCE: Readonly<Record<string, number>> = { or: 1, and: 2, unless: 2, "==": 3, "!=": 3, ">": 3, ">=": 3, "<": 3, "<=": 3, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "^": 6 };

/** Range operators that need `unwrap`, that cannot have it, and that may be grouped. */
const UNWRAPPED: ReadonlySet<string> = new Set(["rate_counter", "avg_over_time", "sum_over_time", "min_over_time", "max_over_time", "stddev_over_time", "stdvar_over_time", "quantile_over_time", "first_over_time", "last_over_time"]);
const OF_LINES: ReadonlySet<string> = new Set(["count_over_time", "bytes_over_time", "bytes_rate"]);
const GROUPED: ReadonlySet<string> = new Set(["avg_over_time", "min_over_time", "max_over_time", "stddev_over_time", "stdvar_over_time", "quantile_over_time", "first_over_time", "last_over_time"]);

type Operation = Omit<BinaryOperation, "left" | "right">;

class MetricReader {
  readonly #reader: Reader;
  readonly #pipelines: PipelineReader;
  #depth = 0;

  constructor(reader: Reader) {
    this.#reader = reader;
    this.#pipelines = new PipelineReader(reader);
  }

  /** Of an Expr: lines or numbers. */
  expr(node: SyntaxNode): Expr {
    const logs = node.getChild("LogExpr");
    return logs ? this.#pipelines.logs(logs) : this.metric(this.#reader.child(node, "MetricExpr"));
  }

  /** Of an Expr or a MetricExpr. */
  metric(node: SyntaxNode): MetricExpr {
    if (++this.#depth > MAX_DEPTH) this.#reader.fail(node, "the expression is nested too deeply");
    try {
      return this.#metric(node);
    } finally {
      this.#depth -= 1;
    }
  }

  #metric(node: SyntaxNode): MetricExpr {
    const child = node.firstChild!;
    const span = { from: node.from, to: node.to };
    switch (child.name) {
      case "MetricExpr":
        return this.#reader.query[node.from] === "(" ? { kind: "paren", expr: this.metric(child), ...span } : this.metric(child);
      case "LogExpr":
        return this.#reader.fail(child, `unexpected type for leg of binary operation (a log query): numbers come from a range aggregation, such as count_over_time(${this.#reader.text(child)} [5m])`);
      case "RangeAggregationExpr":
        return this.#range(child);
      case "VectorAggregationExpr":
        return this.#aggregation(child);
      case "BinOpExpr":
        return this.#binary(child);
      case "LabelReplaceExpr":
        return this.#labelReplace(child);
      case "LiteralExpr":
        return { kind: "literal", value: this.#reader.number(child), ...span };
      case "VectorExpr":
        return { kind: "vector", value: this.#reader.number(this.#reader.child(child, "Number")), ...span };
      default:
        return this.#reader.fail(child, `syntax error: unexpected ${this.#reader.text(child)}`);
    }
  }

  // ---- aggregations

  #range(node: SyntaxNode): RangeAggregation {
    const reader = this.#reader;
    const operator = reader.text(reader.child(node, "RangeOp")) as RangeOperator;
    const logs = reader.child(node, "LogRangeExpr");
    const number = node.getChild("Number");
    const grouping = this.#grouping(node);
    if (operator === "quantile_over_time" && !number) reader.fail(node, "parameter required for operation quantile_over_time: quantile_over_time(0.99, ...)");
    if (operator !== "quantile_over_time" && number) reader.fail(number, `parameter ${reader.text(number)} not supported for operation ${operator}`);
    if (grouping && !GROUPED.has(operator)) reader.fail(node, `grouping not allowed for ${operator} aggregation: wrap it, as in sum by (...) (${operator}(...))`);
    const range = this.#logRange(logs);
    if (!range.unwrap && UNWRAPPED.has(operator)) reader.fail(node, `invalid aggregation ${operator} without unwrap: name the label with the numbers, as in {...} | unwrap duration_ms [5m]`);
    if (range.unwrap && OF_LINES.has(operator)) reader.fail(node, `invalid aggregation ${operator} with unwrap: it counts lines`);
    return { kind: "range", operator, ...range, ...(number && { parameter: reader.number(number) }), ...(grouping && { grouping }), from: node.from, to: node.to };
  }

  #logRange(node: SyntaxNode): Pick<RangeAggregation, "logs" | "rangeMs" | "offsetMs" | "unwrap"> {
    const inner = node.getChild("LogRangeExpr");
    if (inner) return this.#logRange(inner);
    const reader = this.#reader;
    const range = reader.child(node, "Range");
    const duration = reader.child(range, "Duration");
    const rangeMs = reader.duration(duration, reader.text(duration));
    if (rangeMs < 1) reader.fail(duration, `not a valid range: ${reader.text(duration)} is less than 1ms`);
    const offset = reader.offsets.get(range.to);
    const unwrap = node.getChild("UnwrapExpr");
    // Stages stand before the range or behind it.
    return { logs: this.#pipelines.logs(node), rangeMs, offsetMs: offset ? reader.duration(offset, offset.text) : 0, ...(unwrap && { unwrap: this.#unwrap(unwrap) }) };
  }

  #unwrap(node: SyntaxNode): Unwrap {
    const [first, ...rest] = chain(node, "UnwrapExpr");
    const conversion = first!.getChild("ConvOp");
    const name = conversion && this.#reader.text(conversion);
    return {
      label: this.#reader.text(this.#reader.child(first!, "Identifier")), ...(name && { conversion: name === "bytes" ? ("bytes" as const) : ("duration" as const) }),
      filters: rest.map((part) => this.#pipelines.labelFilter(this.#reader.child(part, "LabelFilter"))), from: node.from, to: node.to,
    };
  }

  #grouping(node: SyntaxNode): Grouping | undefined {
    const grouping = node.getChild("Grouping");
    if (!grouping) return undefined;
    return { without: grouping.getChild("Without") !== null, labels: itemsOf(grouping.getChild("Labels"), "Labels").map((label) => this.#reader.text(label)) };
  }

  #aggregation(node: SyntaxNode): MetricExpr {
    const reader = this.#reader;
    const operator = reader.text(reader.child(node, "VectorOp")) as VectorOperator;
    const number = node.getChild("Number");
    const grouping = this.#grouping(node);
    const isChoice = operator === "topk" || operator === "bottomk" || operator === "approx_topk";
    if (isChoice && !number) reader.fail(node, `parameter required for operation ${operator}: ${operator}(10, ...)`);
    if (!isChoice && number) reader.fail(number, `unsupported parameter for operation ${operator}(${reader.text(number)},`);
    const parameter = number ? reader.number(number) : undefined;
    if (parameter !== undefined && (parameter <= 0 || !Number.isInteger(parameter))) reader.fail(number!, `invalid parameter (must be greater than 0) ${operator}(${reader.text(number!)})`);
    if (grouping && (operator === "sort" || operator === "sort_desc")) reader.fail(node, `grouping not allowed for ${operator}`);
    const expr = this.metric(reader.child(node, "MetricExpr"));
    return { kind: "vector-aggregation", operator, expr, ...(parameter !== undefined && { parameter }), ...(grouping && { grouping }), from: node.from, to: node.to };
  }

  #labelReplace(node: SyntaxNode): MetricExpr {
    const [target, replacement, source, regex] = node.getChildren("String");
    const text = this.#reader.string(regex!);
    try {
      RE2JS.compile(text);
    } catch (error) {
      if (!(error instanceof RE2JSException)) throw error;
      this.#reader.fail(regex!, `invalid regex in label_replace: ${error.message}`);
    }
    return {
      kind: "label-replace", expr: this.metric(this.#reader.child(node, "MetricExpr")), target: this.#reader.string(target!), replacement: this.#reader.string(replacement!), source: this.#reader.string(source!),
      regex: text, from: node.from, to: node.to,
    };
  }

  // ---- operators

  #binary(node: SyntaxNode): MetricExpr {
    const operands: MetricExpr[] = [];
    const operations: Operation[] = [];
    this.#flatten(node, operands, operations);
    return climb(operands, operations);
  }

  /** The grammar has all operators lean to one side: in the order of the text they are told anew. */
  #flatten(root: SyntaxNode, operands: MetricExpr[], operations: Operation[]): void {
    // By hand rather than by recursion: `1+1+1+...` leans as deep as it is long.
    const pending: (SyntaxNode | Operation)[] = [root];
    for (let next = pending.pop(); next; next = pending.pop()) {
      if ("matching" in next) operations.push(next);
      else if (next.name === "BinOpExpr") {
        const [left, right] = next.getChildren("Expr");
        pending.push(right!, this.#operation(next), left!);
      } else {
        const inner = next.getChild("MetricExpr")?.getChild("BinOpExpr");
        if (inner) pending.push(inner);
        else operands.push(this.#operand(next));
      }
    }
  }

  #operand(node: SyntaxNode): MetricExpr {
    const expr = this.expr(node);
    if (expr.kind === "logs") return this.#reader.fail(node, `unexpected type for leg of binary operation (a log query): numbers come from a range aggregation, such as count_over_time(${this.#reader.text(node)} [5m])`);
    return expr;
  }

  #operation(node: SyntaxNode): Operation {
    const reader = this.#reader;
    const sign = childrenOf(node).find(({ name }) => name !== "Expr")!;
    const operator = reader.text(sign);
    const modifier = node.getChild("BinOpModifier");
    const returnsBool = Boolean(modifier?.getChild("Bool"));
    if (returnsBool && !COMPARISONS.has(operator)) reader.fail(modifier!, `bool modifier can only be used on comparison operators, not on ${operator}`);
    const on = modifier?.getChild("OnOrIgnoringModifier");
    const group = modifier && (modifier.getChild("GroupLeft") ?? modifier.getChild("GroupRight"));
    if (group && SETS.has(operator)) reader.fail(group, `no grouping allowed for ${JSON.stringify(operator)} operation`);
    const namesIn = (labels: SyntaxNode | null | undefined): string[] => itemsOf(labels?.getChild("GroupingLabelList") ?? null, "GroupingLabelList").map((label) => reader.text(label));
    return {
      kind: "binary", operator, returnsBool, from: sign.from, to: sign.to,
      matching: {
        cardinality: SETS.has(operator) ? "many-to-many" : !group ? "one-to-one" : group.name === "GroupLeft" ? "many-to-one" : "one-to-many",
        on: Boolean(on?.getChild("On")), labels: namesIn(on?.getChild("GroupingLabels")), include: namesIn(modifier?.getChild("GroupingLabels")),
      },
    };
  }
}

/** The links of a chain that leans to the left, first to last. */
const chain = (node: SyntaxNode, name: string): SyntaxNode[] => {
  const links: SyntaxNode[] = [];
  for (let at: SyntaxNode | null = node; at; at = at.getChild(name)) links.push(at);
  return links.toReversed();
};

/** Operands and the operations between them, by precedence; `^` leans to the right. */
const climb = (operands: readonly MetricExpr[], operations: readonly Operation[]): MetricExpr => {
  const values: MetricExpr[] = [operands[0]!];
  const waiting: Operation[] = [];
  const reduce = (): void => {
    const right = values.pop()!;
    const left = values.pop()!;
    values.push({ ...waiting.pop()!, left, right, from: left.from, to: right.to });
  };
  for (const [index, operation] of operations.entries()) {
    const own = PRECEDENCE[operation.operator]!;
    while (waiting.length > 0 && (operation.operator === "^" ? PRECEDENCE[waiting.at(-1)!.operator]! > own : PRECEDENCE[waiting.at(-1)!.operator]! >= own)) reduce();
    waiting.push(operation);
    values.push(operands[index + 1]!);
  }
  while (waiting.length > 0) reduce();
  return values[0]!;
};

const MAX_OPERATIONS = 1_000;

/** Throws LogqlError(bad_query) with line and column. */
export const parse = (query: string): Expr => {
  if (query.length > MAX_LENGTH) throw parseError(query, 0, `input size too long (${query.length} > ${MAX_LENGTH})`);
  if (query.trim() === "") throw parseError(query, 0, "syntax error: unexpected end of input: a query begins with a selector, such as {service=\"api\"}, or with a function");
  const { text, offsets } = respell(query);
  const reader = new Reader(query, offsets);
  let operations = 0;
  const tree = parser.parse(text);
  tree.iterate({
    enter: ({ type, from }) => {
      if (type.isError) reader.fail({ from }, unexpected(query, from));
      if (type.name === "BinOpExpr" && ++operations > MAX_OPERATIONS) reader.fail({ from }, `too many operators: the most is ${MAX_OPERATIONS}`);
    },
  });
  return new MetricReader(reader).expr(reader.child(tree.topNode, "Expr"));
};

/** Throws LogqlError(bad_query), also for an expression of numbers. */
export const parseLogs = (query: string): LogExpr => {
  const expr = parse(query);
  if (expr.kind !== "logs") throw parseError(query, expr.from, "only log selectors and pipelines are allowed here, such as {service=\"api\"}");
  return expr;
};

const unexpected = (query: string, from: number): string => {
  const rest = query.slice(from).trimStart();
  if (rest === "") return "syntax error: unexpected end of input";
  const token = /^(?:"(?:\\.|[^"\\])*"?|`[^`]*`?|\w+|\S)/.exec(rest)![0];
  return `syntax error: unexpected ${token.slice(0, 100)}${hintAt(token, query.slice(0, from).trimEnd())}`;
};

const hintAt = (token: string, before: string): string => {
  if (token === "'") return ': text stands in " or `';
  if (token === "$") return ": variables are for dashboards, which put values in their place";
  if (token === "}" && before.endsWith("{")) return ': a selector needs at least one matcher, such as {service="api"}';
  if (token === ")" && before.endsWith("}")) return ": a range aggregation needs a range, such as [5m]";
  return "";
};
