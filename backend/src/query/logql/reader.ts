/** What the readers of all parts of a query share: its text, and faults with their place in it. */

import type { SyntaxNode } from "@lezer/common";
import { unquote } from "../promql/index.ts";
import { compileRegex } from "../regex.ts";
import { parseError } from "./errors.ts";
import type { Offset } from "./respell.ts";
import { parseDuration } from "./units.ts";

export const childrenOf = (node: SyntaxNode): SyntaxNode[] => {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) children.push(child);
  return children;
};

/** The grammar makes a list a chain that leans to the left: `((a, b), c)`. Its items in order. */
export const itemsOf = (node: SyntaxNode | null, list: string): SyntaxNode[] => {
  const items: SyntaxNode[] = [];
  for (let at = node; at; at = at.getChild(list)) items.push(...childrenOf(at).filter(({ name }) => name !== list).toReversed());
  return items.toReversed();
};

/** Longer than any that a person would have written. */
const MAX_RANGE_MS = 100 * 365 * 86_400_000;

export class Reader {
  readonly query: string;
  /** By where the range before them ends (respell.ts). */
  readonly offsets: ReadonlyMap<number, Offset>;

  constructor(query: string, offsets: ReadonlyMap<number, Offset>) {
    this.query = query;
    this.offsets = offsets;
  }

  fail(node: { readonly from: number }, message: string): never {
    throw parseError(this.query, node.from, message);
  }

  text(node: SyntaxNode): string {
    return this.query.slice(node.from, node.to);
  }

  child(node: SyntaxNode, name: string): SyntaxNode {
    return node.getChild(name) ?? this.fail(node, `syntax error: no ${name} in ${this.text(node)}`);
  }

  string(node: SyntaxNode): string {
    return unquote(this.text(node)) ?? this.fail(node, `syntax error: invalid or unterminated quoted string ${this.text(node)}`);
  }

  number(node: SyntaxNode): number {
    const text = this.text(node).replaceAll(/\s/g, "");
    const value = Number(text.replace(/^[-+]/, ""));
    if (text === "" || Number.isNaN(value)) this.fail(node, `syntax error: ${JSON.stringify(text)} is no number`);
    return text.startsWith("-") ? -value : value;
  }

  /** ms */
  duration({ from }: { readonly from: number }, text: string): number {
    const seconds = parseDuration(text);
    if (seconds === undefined) return this.fail({ from }, `not a valid duration string: ${JSON.stringify(text)}`);
    const ms = seconds * 1_000;
    if (Math.abs(ms) > MAX_RANGE_MS) return this.fail({ from }, `duration out of range: ${JSON.stringify(text)}, the most is 100 years`);
    return ms;
  }

  regex(node: SyntaxNode, regex: string): string {
    try {
      compileRegex(regex);
    } catch (error) {
      const { message, hint = "" } = error as Error & { hint?: string };
      this.fail(node, `error parsing regexp: ${message} ${hint}`.trim());
    }
    return regex;
  }
}
