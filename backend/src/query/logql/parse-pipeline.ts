/** Selectors and the stages behind them. */

import type { SyntaxNode } from "@lezer/common";
import { RE2JS } from "re2js";
import { IpMatcher } from "./ip.ts";
import { parseExpression } from "./json-path.ts";
import { parseLinePattern, parsePattern } from "./pattern.ts";
import { childrenOf, itemsOf, type Reader } from "./reader.ts";
import type { Comparison, Extraction, LabelFilter, LabelFormat, LineAlternative, LineOperator, LogExpr, Matcher, MatchOperator, Stage } from "./syntax.ts";
import { parseTemplate } from "./template/parse.ts";
import { parseBytes } from "./units.ts";

const MAX_STAGES = 100;
const MAX_FILTER_DEPTH = 100;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export class PipelineReader {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** Of a LogExpr or a LogRangeExpr, whose selector may stand in parentheses. */
  logs(node: SyntaxNode): LogExpr {
    const inner = node.getChild("LogExpr") ?? node.getChild("LogRangeExpr");
    if (inner && !node.getChild("Selector")) return { ...this.logs(inner), from: node.from, to: node.to };
    const selector = this.#reader.child(node, "Selector");
    const matchers = this.#matchers(selector);
    const stages = itemsOf(node.getChild("PipelineExpr"), "PipelineExpr").flatMap((stage) => this.#stages(stage));
    if (stages.length > MAX_STAGES) this.#reader.fail(node, `too many stages: ${stages.length}, the most is ${MAX_STAGES}`);
    return { kind: "logs", matchers, stages, from: node.from, to: node.to };
  }

  #matchers(selector: SyntaxNode): Matcher[] {
    const matchers = itemsOf(selector.getChild("Matchers"), "Matchers").filter(({ name }) => name === "Matcher").map((node) => this.matcher(node));
    if (!matchers.some((matcher) => !matchesNothing(matcher)))
      this.#reader.fail(selector, 'queries require at least one regexp or equality matcher that does not have an empty-compatible value. For instance, app=~".*" does not meet this requirement, but app=~".+" will');
    return matchers;
  }

  matcher(node: SyntaxNode): Matcher {
    const [label, operator, value] = childrenOf(node);
    const text = this.#reader.string(value!);
    const matcher: Matcher = { kind: "matcher", name: this.#reader.text(label!), operator: this.#reader.text(operator!) as MatchOperator, value: text, from: node.from, to: node.to };
    if (matcher.operator === "=~" || matcher.operator === "!~") this.#reader.regex(value!, text);
    return matcher;
  }

  #stages(node: SyntaxNode): Stage[] {
    const [first, second] = childrenOf(node);
    if (first!.name === "LineFilters") return itemsOf(first!, "LineFilters").map((filter) => this.#lineFilter(filter));
    return [this.#stage(second!)];
  }

  #stage(node: SyntaxNode): Stage {
    const span = { from: node.from, to: node.to };
    const reader = this.#reader;
    switch (node.name) {
      case "LabelFilter":
        return { kind: "label", filter: this.labelFilter(node), ...span };
      case "LabelParser":
        return this.#parser(node);
      case "JsonExpressionParser":
        return { kind: "json", extractions: this.#extractions(node, "json"), ...span };
      case "LogfmtParser":
      case "LogfmtExpressionParser": {
        const flags = itemsOf(node.getChild("LogfmtParserFlags"), "LogfmtParserFlags").map((flag) => reader.text(flag));
        for (const flag of flags) if (flag !== "--strict" && flag !== "--keep-empty") reader.fail(node, `syntax error: unexpected parser flag ${flag}: logfmt has --strict and --keep-empty`);
        return { kind: "logfmt", extractions: this.#extractions(node, "logfmt"), strict: flags.includes("--strict"), keepEmpty: flags.includes("--keep-empty"), ...span };
      }
      case "DecolorizeExpr":
        return { kind: "decolorize", ...span };
      case "LineFormatExpr":
        return { kind: "line_format", template: this.#template(reader.child(node, "String")), ...span };
      case "LabelFormatExpr":
        return { kind: "label_format", formats: this.#labelFormats(node), ...span };
      case "DropLabelsExpr":
        return { kind: "drop", labels: this.#named(node, "DropLabels"), ...span };
      case "KeepLabelsExpr":
        return { kind: "keep", labels: this.#named(node, "KeepLabels"), ...span };
      default:
        return reader.fail(node, `syntax error: unexpected ${reader.text(node)}`);
    }
  }

  // ---- lines

  #lineFilter(node: SyntaxNode): Stage {
    const operator = this.#reader.text(this.#reader.child(node, "Filter")) as LineOperator;
    const alternatives: LineAlternative[] = [];
    for (let at: SyntaxNode | null = node; at; at = at.getChild("OrFilter")) {
      const text = this.#reader.child(at, "String");
      const alternative = { text: this.#reader.string(text), isIp: at.getChild("FilterOp") !== null };
      this.#checkLine(text, operator, alternative);
      alternatives.push(alternative);
    }
    return { kind: "line", operator, alternatives, from: node.from, to: node.to };
  }

  #checkLine(node: SyntaxNode, operator: LineOperator, { text, isIp }: LineAlternative): void {
    if (isIp) {
      if (operator !== "|=" && operator !== "!=") this.#reader.fail(node, `ip: invalid operation: ip() goes with |= and !=, not with ${operator}`);
      this.#attempt(node, () => new IpMatcher(text));
    } else if (operator === "|~" || operator === "!~") this.#reader.regex(node, text);
    else if (operator === "|>" || operator === "!>") this.#attempt(node, () => parseLinePattern(text));
  }

  /** What a part says against itself, with its place in the query. */
  #attempt<T>(node: SyntaxNode, work: () => T): T {
    try {
      return work();
    } catch (error) {
      return this.#reader.fail(node, (error as Error).message);
    }
  }

  // ---- labels

  labelFilter(node: SyntaxNode, depth = 0): LabelFilter {
    if (depth > MAX_FILTER_DEPTH) this.#reader.fail(node, "the label filter is nested too deeply");
    const span = { from: node.from, to: node.to };
    const parts = node.getChildren("LabelFilter");
    if (parts.length === 2) {
      // A comma has no node of its own, and binds as `and` does.
      const kind = node.getChild("Or") ? "or" : "and";
      return { kind, left: this.labelFilter(parts[0]!, depth + 1), right: this.labelFilter(parts[1]!, depth + 1), ...span };
    }
    if (parts.length === 1) return this.labelFilter(parts[0]!, depth + 1);
    const child = node.firstChild!;
    switch (child.name) {
      case "Matcher":
        return this.matcher(child);
      case "IpLabelFilter":
        return this.#ipFilter(child);
      case "NumberFilter":
        return this.#comparison(child, "number");
      case "UnitFilter":
        return this.#comparison(child.firstChild!, child.firstChild!.name === "DurationFilter" ? "duration" : "bytes");
      default:
        return this.#reader.fail(node, `syntax error: unexpected ${this.#reader.text(node)}`);
    }
  }

  #ipFilter(node: SyntaxNode): LabelFilter {
    const [label, operator] = childrenOf(node);
    const text = this.#reader.child(node, "String");
    const value = this.#reader.string(text);
    this.#attempt(text, () => new IpMatcher(value));
    const sign = this.#reader.text(operator!);
    if (sign !== "=" && sign !== "!=") this.#reader.fail(operator!, `ip: invalid operation: ip() goes with = and !=, not with ${sign}`);
    return { kind: "ip", name: this.#reader.text(label!), operator: sign as "=" | "!=", value, from: node.from, to: node.to };
  }

  #comparison(node: SyntaxNode, kind: "number" | "duration" | "bytes"): LabelFilter {
    const [label, operator, literal] = childrenOf(node);
    const sign = this.#reader.text(operator!);
    return {
      kind, name: this.#reader.text(label!), operator: (sign === "=" ? "==" : sign) as Comparison, value: this.#quantity(literal!, kind), from: node.from, to: node.to,
    };
  }

  #quantity(node: SyntaxNode, kind: "number" | "duration" | "bytes"): number {
    if (kind === "number") return this.#reader.number(node);
    const text = this.#reader.text(node);
    if (kind === "duration") return this.#reader.duration(node, text) / 1_000;
    return parseBytes(text) ?? this.#reader.fail(node, `not a valid size: ${JSON.stringify(text)}`);
  }

  // ---- parsers and formats

  #parser(node: SyntaxNode): Stage {
    const span = { from: node.from, to: node.to };
    const text = node.getChild("String");
    switch (node.firstChild!.name) {
      case "Json":
        return { kind: "json", extractions: [], ...span };
      case "Unpack":
        return { kind: "unpack", ...span };
      case "Pattern": {
        const pattern = this.#reader.string(text!);
        this.#attempt(text!, () => parsePattern(pattern));
        return { kind: "pattern", pattern, ...span };
      }
      case "Regexp": {
        const pattern = this.#reader.regex(text!, this.#reader.string(text!));
        const names = Object.keys(RE2JS.compile(pattern).namedGroups());
        if (names.length === 0) this.#reader.fail(text!, "at least one named capture must be supplied");
        for (const name of names) if (!LABEL_NAME.test(name)) this.#reader.fail(text!, `invalid extracted label name '${name}'`);
        return { kind: "regexp", pattern, ...span };
      }
      default:
        return this.#reader.fail(node, `syntax error: unexpected ${this.#reader.text(node)}`);
    }
  }

  #extractions(node: SyntaxNode, parser: "json" | "logfmt"): Extraction[] {
    return itemsOf(node.getChild("LabelExtractionExpressionList"), "LabelExtractionExpressionList").map((item) => {
      const label = this.#reader.text(this.#reader.child(item, "Identifier"));
      const text = item.getChild("String");
      const expression = text ? this.#reader.string(text) : label;
      if (parser === "json") this.#attempt(text ?? item, () => parseExpression(expression));
      else if (expression === "" || /[\s="]/.test(expression)) this.#reader.fail(text ?? item, `cannot parse expression [${expression}]: a logfmt expression is the name of one key`);
      return { label, expression };
    });
  }

  #template(node: SyntaxNode): string {
    const template = this.#reader.string(node);
    this.#attempt(node, () => parseTemplate(template));
    return template;
  }

  #labelFormats(node: SyntaxNode): LabelFormat[] {
    const seen = new Set<string>();
    return itemsOf(node.getChild("LabelsFormat"), "LabelsFormat").map((item) => {
      const [label, , value] = childrenOf(item);
      const name = this.#reader.text(label!);
      if (name === "__error__" || name === "__error_details__") this.#reader.fail(item, `${name} cannot be formatted`);
      if (seen.has(name)) this.#reader.fail(item, `multiple label name '${name}' not allowed in a single format operation`);
      seen.add(name);
      return value!.name === "String" ? { label: name, template: this.#template(value!) } : { label: name, from: this.#reader.text(value!) };
    });
  }

  #named(node: SyntaxNode, list: "DropLabels" | "KeepLabels"): (string | Matcher)[] {
    return itemsOf(node.getChild(list), list).map((item) => {
      const matcher = item.getChild("Matcher");
      return matcher ? this.matcher(matcher) : this.#reader.text(item);
    });
  }
}

/** It says nothing of which streams are meant: also those without the label meet it. */
const matchesNothing = ({ operator, value }: Matcher): boolean => {
  if (operator === "=") return value === "";
  if (operator === "=~") return RE2JS.matches(value, "");
  return true;
};
