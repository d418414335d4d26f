/**
 * Query text to syntax tree, by Prometheus' own grammar for editors (@prometheus-io/lezer-promql). That one
 * is lenient where people still type; what it lets through is refused here.
 */

import { parser } from "@prometheus-io/lezer-promql";
import type { SyntaxNode } from "@lezer/common";
import { parseError } from "./errors.ts";
import { METRIC_NAME } from "./labels.ts";
import { parseNumber, unquote } from "./literals.ts";
import { COMPARISONS, positionOf, SET_OPERATORS, type At, type Binary, type Cardinality, type Duration, type Expr, type Extension, type Matcher, type Matching, type MatchOperator, type VectorSelector } from "./syntax.ts";

/** A query nests no deeper: beyond it, evaluation would run out of stack. */
const MAX_DEPTH = 200;
const MAX_LENGTH = 100_000;

const childrenOf = (node: SyntaxNode): SyntaxNode[] => {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) children.push(child);
  return children;
};

/**
 * The same text, with what this grammar does not know spelled as it does, and every place kept: `2.` is `2`,
 * STEP() is step(), and a call of min_of or max_of stands as another function's of that length.
 */
const respell = (query: string): string => {
  let result = "";
  let inRange = 0;
  let afterOffset = false;
  let depth = 0;
  for (const [token] of query.matchAll(TOKEN)) {
    let text = token;
    if (token === "[") inRange += 1;
    else if (token === "]") inRange -= 1;
    else if (/^(?:step|range)$/i.test(token)) text = token.toLowerCase();
    else if (/^\d[\d_]*\.$/.test(token)) text = `${token.slice(0, -1)} `;
    else if (inRange === 0 && !afterOffset && /^(?:min_of|max_of)$/i.test(token)) text = STAND_IN;
    if (/\S/.test(token)) {
      if (/^offset$/i.test(token)) [afterOffset, depth] = [true, 0];
      else if (token === "(") depth += 1;
      else if (token === ")") depth -= 1;
      // The duration of an offset ends with its closing parenthesis, or with its first word outside of any.
      if (afterOffset && depth <= 0 && !/^(?:offset|[-+]|min_of|max_of)$/i.test(token)) afterOffset = false;
    }
    result += text;
  }
  return result;
};

const STAND_IN = "minute";
/** Strings, comments, words, numbers that end in a point, and single characters. */
const TOKEN = /"(?:\\[\s\S]|[^"\\])*"?|'(?:\\[\s\S]|[^'\\])*'?|`[^`]*`?|#[^\n]*|[a-zA-Z_:][\w:]*|\d[\d_]*\.(?![\d_a-zA-Z])|\d[\w.]*|[\s\S]/g;

/** The operand that a modifier behind an operation belongs to: the grammar takes it for the whole. */
const atEnd = (expr: Expr, change: (expr: Expr) => Expr): Expr => {
  if (expr.kind === "binary") {
    const right = atEnd(expr.right, change);
    return { ...expr, right, to: right.to };
  }
  if (expr.kind === "unary") {
    const inner = atEnd(expr.expr, change);
    return { ...expr, expr: inner, to: inner.to };
  }
  return change(expr);
};

class Reader {
  readonly #query: string;
  #depth = 0;

  constructor(query: string) {
    this.#query = query;
  }

  fail(node: { readonly from: number }, message: string): never {
    throw parseError(positionOf(this.#query, node.from), message);
  }

  text(node: SyntaxNode): string {
    return this.#query.slice(node.from, node.to);
  }

  expr(node: SyntaxNode): Expr {
    if (++this.#depth > MAX_DEPTH) this.fail(node, "the expression is nested too deeply");
    try {
      return this.#expr(node);
    } finally {
      this.#depth -= 1;
    }
  }

  #expr(node: SyntaxNode): Expr {
    const span = { from: node.from, to: node.to };
    switch (node.name) {
      case "NumberDurationLiteral":
        return { kind: "number", value: this.number(node), ...span };
      case "StringLiteral":
        return { kind: "string", value: this.string(node), ...span };
      case "ParenExpr":
        return { kind: "paren", expr: this.expr(this.exprIn(node)), ...span };
      case "UnaryExpr": {
        const [operator, operand] = childrenOf(node);
        const sign = this.text(operator!) as "+" | "-";
        const expr = this.expr(operand!);
        return expr.kind === "number" ? { kind: "number", value: sign === "-" ? -expr.value : expr.value, ...span } : { kind: "unary", operator: sign, expr, ...span };
      }
      case "VectorSelector":
        return this.selector(node);
      case "MatrixSelector":
        return this.matrix(node);
      case "SubqueryExpr":
        return this.subquery(node);
      case "OffsetExpr":
      case "StepInvariantExpr":
        return this.shifted(node);
      case "AnchoredExpr":
        return this.extended(node, "anchored");
      case "SmoothedExpr":
        return this.extended(node, "smoothed");
      case "FunctionCall":
        return { kind: "call", name: this.text(node.getChild("FunctionIdentifier")!), args: this.args(node), ...span };
      case "AggregateExpr":
        return this.aggregation(node);
      case "BinaryExpr":
        return this.binary(node);
      default:
        return this.fail(node, `unexpected ${node.name}`);
    }
  }

  exprIn(node: SyntaxNode): SyntaxNode {
    return node.getChild("Expr") ?? this.fail(node, "no expression found in input");
  }

  number(node: SyntaxNode): number {
    return parseNumber(this.text(node)) ?? this.fail(node, `bad number or duration syntax: ${JSON.stringify(this.text(node))}`);
  }

  string(node: SyntaxNode): string {
    return unquote(this.text(node)) ?? this.fail(node, `invalid or unterminated quoted string ${this.text(node)}`);
  }

  // ---- selectors

  selector(node: SyntaxNode): VectorSelector {
    const matchers: Matcher[] = [];
    const name = node.getChild("Identifier");
    if (name) matchers.push({ name: METRIC_NAME, operator: "=", value: this.text(name) });
    let isNamed = name !== null;
    for (const matcher of childrenOf(node.getChild("LabelMatchers") ?? node)) {
      if (matcher.name === "QuotedLabelName") {
        if (isNamed) this.fail(matcher, `metric name must not be set twice: ${JSON.stringify(this.string(matcher.firstChild!))}`);
        isNamed = true;
        matchers.push({ name: METRIC_NAME, operator: "=", value: this.string(matcher.firstChild!) });
      } else if (matcher.name.endsWith("LabelMatcher")) matchers.push(this.matcher(matcher, name !== null));
    }
    return { kind: "selector", matchers, from: node.from, to: node.to };
  }

  matcher(node: SyntaxNode, isNamed: boolean): Matcher {
    const [label, operator, value] = childrenOf(node);
    const matcher = { name: label!.name === "QuotedLabelName" ? this.string(label!.firstChild!) : this.text(label!), operator: this.text(operator!) as MatchOperator, value: this.string(value!) };
    if (isNamed && matcher.name === METRIC_NAME) this.fail(node, `metric name must not be set twice: ${JSON.stringify(matcher.value)}`);
    return matcher;
  }

  matrix(node: SyntaxNode): Expr {
    return atEnd(this.expr(this.exprIn(node)), (inner) => this.#matrixOf(node, inner));
  }

  #matrixOf(node: SyntaxNode, selector: Expr): Expr {
    if (selector.kind !== "selector") this.fail(node, "ranges only allowed for vector selectors");
    if (selector.offset) this.fail(node, "no offset modifiers allowed before range");
    if (selector.at) this.fail(node, "no @ modifiers allowed before range");
    return { kind: "matrix", selector, range: this.positive(node.getChild("DurationExpr")!, "duration must be greater than 0"), from: selector.from, to: node.to };
  }

  subquery(node: SyntaxNode): Expr {
    return atEnd(this.expr(this.exprIn(node)), (inner) => this.#subqueryOf(node, inner));
  }

  #subqueryOf(node: SyntaxNode, expr: Expr): Expr {
    const [range, step] = node.getChildren("DurationExpr");
    return {
      kind: "subquery", expr, range: this.positive(range!, "duration must be greater than 0"),
      ...(step && { step: this.positive(step, "duration must be greater than 0") }), from: expr.from, to: node.to,
    };
  }

  shifted(node: SyntaxNode): Expr {
    return atEnd(this.expr(this.exprIn(node)), (inner) => this.#shiftedOf(node, inner));
  }

  #shiftedOf(node: SyntaxNode, inner: Expr): Expr {
    const isOffset = node.name === "OffsetExpr";
    const modifier = isOffset ? "offset" : "@";
    const target = inner.kind === "matrix" ? inner.selector : inner;
    if (target.kind !== "selector" && target.kind !== "subquery") this.fail(node, `${modifier} modifier must be preceded by an instant vector selector or range vector selector or a subquery`);
    if (isOffset ? target.offset : target.at) this.fail(node, isOffset ? "offset may not be set multiple times" : "@ <timestamp> may not be set multiple times");
    const shift = isOffset ? { offset: this.duration(node.getChild("OffsetDurationExpr")!) } : { at: this.at(node) };
    const span = { from: inner.from, to: node.to };
    if (inner.kind === "matrix") return { ...inner, selector: { ...inner.selector, ...shift }, ...span };
    return { ...target, ...shift, ...span };
  }

  at(node: SyntaxNode): At {
    const preprocessor = node.getChild("AtModifierPreprocessors");
    if (preprocessor) return { kind: this.text(preprocessor).toLowerCase() as "start" | "end" };
    const literal = node.getChildren("NumberDurationLiteral").at(-1)!;
    const seconds = this.number(literal);
    if (!Number.isFinite(seconds) || Math.abs(seconds) > Number.MAX_SAFE_INTEGER / 1_000) this.fail(literal, `timestamp out of bounds for @ modifier: ${seconds}`);
    return { kind: "time", ms: Math.round(seconds * 1_000) };
  }

  extended(node: SyntaxNode, extension: Extension): Expr {
    return atEnd(this.expr(this.exprIn(node)), (inner) => this.#extendedOf(node, inner, extension));
  }

  #extendedOf(node: SyntaxNode, inner: Expr, extension: Extension): Expr {
    const span = { from: inner.from, to: node.to };
    if (inner.kind === "matrix") return { ...inner, extension, ...span };
    if (extension === "smoothed" && inner.kind === "selector") return { ...inner, isSmoothed: true, ...span };
    return this.fail(node, `${extension} modifier must be preceded by ${extension === "smoothed" ? "an instant vector selector or " : ""}a range vector selector`);
  }

  // ---- durations

  positive(node: SyntaxNode, message: string): Duration {
    const duration = this.duration(node);
    // What depends on the query is checked when it runs.
    const isConstant = !/[a-z]\s*\(/i.test(this.text(node));
    if (isConstant && duration({ stepMs: 0, rangeMs: 0 }) <= 0) this.fail(node, message);
    return (context) => {
      const ms = duration(context);
      return ms > 0 ? ms : this.fail(node, message);
    };
  }

  duration(node: SyntaxNode): Duration {
    const seconds = this.#seconds(node);
    return (context) => {
      const value = seconds(context);
      if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER / 1_000) this.fail(node, "duration out of range");
      return Math.round(value * 1_000);
    };
  }

  #seconds(node: SyntaxNode): (context: { readonly stepMs: number; readonly rangeMs: number }) => number {
    const children = childrenOf(node);
    const [first, second, third] = children;
    if (node.name === "NumberDurationLiteralInDurationContext") {
      const value = this.number(node);
      return () => value;
    }
    switch (first?.name) {
      case "DurationStep":
        return ({ stepMs }) => stepMs / 1_000;
      case "DurationRange":
        return ({ rangeMs }) => rangeMs / 1_000;
      case "DurationMinOf":
      case "DurationMaxOf": {
        const [one, other] = [this.#seconds(second!), this.#seconds(third!)];
        return first.name === "DurationMinOf" ? (context) => Math.min(one(context), other(context)) : (context) => Math.max(one(context), other(context));
      }
      case "UnaryOp": {
        const operand = this.#seconds(second!);
        return this.text(first) === "-" ? (context) => -operand(context) : operand;
      }
      default:
    }
    if (children.length === 1) return this.#seconds(first!);
    const [left, right] = [this.#seconds(first!), this.#seconds(third!)];
    switch (this.text(second!)) {
      case "+":
        return (context) => left(context) + right(context);
      case "-":
        return (context) => left(context) - right(context);
      case "*":
        return (context) => left(context) * right(context);
      case "/":
      case "%": {
        const isDivision = this.text(second!) === "/";
        return (context) => {
          const divisor = right(context);
          if (divisor === 0) this.fail(third!, isDivision ? "division by zero" : "modulo by zero");
          return isDivision ? left(context) / divisor : left(context) % divisor;
        };
      }
      case "^":
        return (context) => left(context) ** right(context);
      default:
        return this.fail(node, "unexpected duration expression");
    }
  }

  // ---- operators and calls

  args(node: SyntaxNode): Expr[] {
    return node.getChild("FunctionCallBody")!.getChildren("Expr").map((arg) => this.expr(arg));
  }

  labels(node: SyntaxNode | null): string[] {
    return childrenOf(node!).filter(({ name }) => name.endsWith("LabelName")).map((label) => (label.name === "QuotedLabelName" ? this.string(label.firstChild!) : this.text(label)));
  }

  aggregation(node: SyntaxNode): Expr {
    const modifier = node.getChild("AggregateModifier");
    const args = this.args(node);
    const operator = this.text(node.getChild("AggregateOp")!).toLowerCase();
    const [parameter, expr] = args.length === 2 ? args : [undefined, args[0]];
    if (!expr || args.length > 2) this.fail(node, args.length === 0 ? "no arguments for aggregate expression provided" : `wrong number of arguments for aggregate expression provided, expected 1, got ${args.length}`);
    return {
      kind: "aggregation", operator, expr, ...(parameter && { parameter }), grouping: modifier ? this.labels(modifier.getChild("GroupingLabels")) : [], without: Boolean(modifier?.getChild("Without")),
      from: node.from, to: node.to,
    };
  }

  binary(node: SyntaxNode): Expr {
    const [left, right] = node.getChildren("Expr");
    const operator = this.text(childrenOf(node)[1]!).toLowerCase();
    const returnsBool = node.getChild("BoolModifier") !== null;
    if (returnsBool && !COMPARISONS.has(operator)) this.fail(node, "bool modifier can only be used on comparison operators");
    const matching = this.matching(node, operator);
    const span = { from: node.from, to: node.to };
    const of = (from: number, base: Expr): Binary => ({ kind: "binary", operator, left: base, right: this.expr(right!), returnsBool, matching, from, to: node.to });
    // `-1 ^ 2` is -(1 ^ 2), but the grammar takes the sign for a part of the number.
    const leftText = this.text(left!);
    if (operator === "^" && left!.name === "NumberDurationLiteral" && /^[-+]/.test(leftText)) {
      const base: Expr = { kind: "number", value: Math.abs(this.number(left!)), from: left!.from + 1, to: left!.to };
      return { kind: "unary", operator: leftText[0] as "-", expr: of(base.from, base), ...span };
    }
    return of(node.from, this.expr(left!));
  }

  matching(node: SyntaxNode, operator: string): Matching {
    const clause = node.getChild("MatchingModifierClause");
    const isSet = SET_OPERATORS.has(operator);
    const [labels, include] = clause?.getChildren("GroupingLabels") ?? [];
    const group = clause && (clause.getChild("GroupLeft") ?? clause.getChild("GroupRight"));
    if (group && isSet) this.fail(group, `no grouping allowed for ${JSON.stringify(operator)} operation`);
    const cardinality: Cardinality = isSet ? "many-to-many" : !group ? "one-to-one" : group.name === "GroupLeft" ? "many-to-one" : "one-to-many";
    const on = Boolean(clause?.getChild("On"));
    const names = labels ? this.labels(labels) : [];
    const included = include ? this.labels(include) : [];
    if (on) for (const name of included) if (names.includes(name)) this.fail(clause!, `label ${JSON.stringify(name)} must not occur in ON and GROUP clause at once`);
    return { cardinality, on, labels: names, include: included, ...this.fills(node, isSet) };
  }

  fills(node: SyntaxNode, isSet: boolean): Pick<Matching, "fillLeft" | "fillRight"> {
    const modifier = node.getChild("FillModifier");
    if (!modifier) return {};
    if (isSet) this.fail(modifier, "filling in missing series not allowed for set operators");
    const valueOf = (name: string): number | undefined => {
      const literal = modifier.getChild(name)?.getChild("NumberDurationLiteral");
      return literal ? this.number(literal) : undefined;
    };
    const [both, left, right] = [valueOf("FillClause"), valueOf("FillLeftClause"), valueOf("FillRightClause")];
    return { ...((left ?? both) !== undefined && { fillLeft: (left ?? both)! }), ...((right ?? both) !== undefined && { fillRight: (right ?? both)! }) };
  }
}

/** Throws PromqlError(bad_data) with line and column. */
export const parse = (query: string): Expr => {
  const reader = new Reader(query);
  if (query.length > MAX_LENGTH) reader.fail({ from: 0 }, `the query has more than ${MAX_LENGTH} characters`);
  if (query.trim() === "") reader.fail({ from: 0 }, "no expression found in input");
  const tree = parser.parse(respell(query));
  tree.iterate({
    enter: ({ type, from }) => {
      if (!type.isError) return;
      const rest = query.slice(from).trimStart();
      reader.fail({ from }, rest === "" ? "unexpected end of input" : `unexpected ${JSON.stringify(/^(?:\w+|\S)/.exec(rest)![0])}`);
    },
  });
  return reader.expr(reader.exprIn(tree.topNode));
};
