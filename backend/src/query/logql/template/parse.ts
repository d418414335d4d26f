/**
 * Go's text templates, as line_format and label_format take them: `{{ .label | ToUpper }}`, `{{ if ... }}`,
 * `{{ range ... }}`, `{{ with ... }}`, variables. Source: pkg.go.dev/text/template
 */

import { unquote } from "../../promql/index.ts";
import { isTemplateFunction } from "./functions.ts";

export type Operand =
  | { readonly kind: "constant"; readonly value: string | number | boolean | undefined }
  /** `.a.b` of `.`, of a variable, or of what is in parentheses. */
  | { readonly kind: "field"; readonly of: Operand; readonly names: readonly string[] }
  | { readonly kind: "dot" }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "pipe"; readonly pipe: Pipe };

export interface Command {
  /** undefined: the first argument is the value. */
  readonly name: string | undefined;
  readonly args: readonly Operand[];
}

export interface Pipe {
  readonly assigns: readonly string[];
  readonly declares: boolean;
  readonly commands: readonly Command[];
}

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly pipe: Pipe }
  | { readonly kind: "if" | "with" | "range"; readonly pipe: Pipe; readonly body: readonly Node[]; readonly otherwise: readonly Node[] };

const MAX_LENGTH = 20_000;
const MAX_DEPTH = 50;

type Piece = { readonly text: string } | { readonly action: string };

/** Text and actions, with white space trimmed where `{{-` and `-}}` say so. */
const piecesOf = (template: string): Piece[] => {
  const pieces: Piece[] = [];
  let at = 0;
  let trimNext = false;
  while (at < template.length) {
    const open = template.indexOf("{{", at);
    const text = template.slice(at, open < 0 ? undefined : open);
    const trimEnd = open >= 0 && /^-\s/.test(template.slice(open + 2, open + 4));
    const trimmed = trimEnd ? text.trimEnd() : text;
    pieces.push({ text: trimNext ? trimmed.trimStart() : trimmed });
    if (open < 0) break;
    const close = endOfAction(template, open + 2);
    const inner = template.slice(open + 2, close);
    pieces.push({ action: (trimEnd ? inner.slice(1) : inner).replace(/\s-$/, "").trim() });
    trimNext = /\s-$/.test(inner);
    at = close + 2;
  }
  return pieces;
};

/** Where `}}` stands outside of strings and comments. */
const endOfAction = (template: string, from: number): number => {
  const comment = /^-?\s*\/\*/.exec(template.slice(from, from + 10));
  let at = comment ? template.indexOf("*/", from) : from;
  while (at >= 0 && at < template.length) {
    if (template.startsWith("}}", at)) return at;
    const quote = template[at]!;
    if (!comment && (quote === '"' || quote === "`")) {
      at += 1;
      while (at < template.length && template[at] !== quote) at += quote === '"' && template[at] === "\\" ? 2 : 1;
    }
    at += 1;
  }
  throw new Error("template: unclosed action: }} is missing");
};

const TOKEN = /\s+|"(?:\\.|[^"\\])*"|`[^`]*`|'(?:\\.|[^'\\])+'|:=|[-+]?(?:\d[\w.]*|\.\d[\w.]*)|\$\w*|\.[a-zA-Z_]\w*|[a-zA-Z_]\w*|[|(),=.]/gy;

const tokensOf = (action: string): string[] => {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < action.length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(action);
    if (!match) throw new Error(`template: unexpected ${JSON.stringify(action.slice(from, from + 10))} in {{${action}}}`);
    tokens.push(match[0]);
  }
  return tokens;
};

class PipeReader {
  readonly #tokens: readonly string[];
  readonly #action: string;
  #at = 0;

  constructor(action: string) {
    this.#action = action;
    this.#tokens = tokensOf(action);
  }

  #fail(message: string): never {
    throw new Error(`template: ${message} in {{${this.#action}}}`);
  }

  #space(): void {
    while (/^\s/.test(this.#tokens[this.#at] ?? "")) this.#at += 1;
  }

  #peek(): string | undefined {
    this.#space();
    return this.#tokens[this.#at];
  }

  whole(): Pipe {
    const pipe = this.#pipe(0);
    const rest = this.#peek();
    if (rest !== undefined) this.#fail(`unexpected ${JSON.stringify(rest)}`);
    return pipe;
  }

  #pipe(depth: number): Pipe {
    if (depth > MAX_DEPTH) this.#fail("parentheses are nested too deeply");
    const { assigns, declares } = this.#assignment();
    const commands = [this.#command(depth)];
    while (this.#peek() === "|") {
      this.#at += 1;
      const command = this.#command(depth);
      if (command.name === undefined) this.#fail("a value cannot take what is piped into it");
      commands.push(command);
    }
    return { assigns, declares, commands };
  }

  #assignment(): Pick<Pipe, "assigns" | "declares"> {
    const match = /^\s*(\$\w+)\s*(?:,\s*(\$\w+)\s*)?(:=|=)/.exec(this.#tokens.slice(this.#at).join(""));
    if (!match) return { assigns: [], declares: false };
    let sign: string | undefined;
    while (sign !== ":=" && sign !== "=") sign = this.#tokens[this.#at++];
    return { assigns: [match[1]!, match[2]].filter((name) => name !== undefined), declares: match[3] === ":=" };
  }

  #command(depth: number): Command {
    const first = this.#peek();
    let name: string | undefined;
    if (first !== undefined && /^[a-zA-Z_]/.test(first) && !(first in CONSTANTS)) {
      if (!isTemplateFunction(first)) this.#fail(`function ${JSON.stringify(first)} not defined`);
      name = first;
      this.#at += 1;
    }
    const args: Operand[] = [];
    for (let next = this.#peek(); next !== undefined && next !== "|" && next !== ")"; next = this.#peek()) args.push(this.#operand(depth));
    if (name === undefined && args.length === 0) this.#fail("missing value for command");
    if (name === undefined && args.length > 1) this.#fail("can't give argument to non-function");
    return { name, args };
  }

  #operand(depth: number): Operand {
    const token = this.#tokens[this.#at++]!;
    let operand: Operand;
    if (token === "(") {
      operand = { kind: "pipe", pipe: this.#pipe(depth + 1) };
      if (this.#peek() !== ")") this.#fail("unclosed parenthesis");
      this.#at += 1;
    } else if (token === ".") operand = { kind: "dot" };
    else if (token.startsWith("$")) operand = { kind: "variable", name: token };
    else if (/^\.[a-zA-Z_]/.test(token)) operand = { kind: "field", of: { kind: "dot" }, names: [token.slice(1)] };
    else operand = this.#constant(token);
    const names: string[] = [];
    // A field follows at once: `.a.b`, `$x.a`; behind a space it is another argument.
    while (/^\.[a-zA-Z_]/.test(this.#tokens[this.#at] ?? "")) names.push(this.#tokens[this.#at++]!.slice(1));
    if (names.length === 0) return operand;
    return operand.kind === "field" ? { ...operand, names: [...operand.names, ...names] } : { kind: "field", of: operand, names };
  }

  #constant(token: string): Operand {
    if (token in CONSTANTS) return { kind: "constant", value: CONSTANTS[token as keyof typeof CONSTANTS] };
    if (/^["`]/.test(token)) return { kind: "constant", value: unquote(token) ?? this.#fail(`invalid string ${token}`) };
    if (token.startsWith("'")) return { kind: "constant", value: unquote(token)?.codePointAt(0) ?? this.#fail(`invalid character ${token}`) };
    if (/^[-+]?[\d.]/.test(token)) {
      const value = Number(token.replaceAll("_", ""));
      return Number.isNaN(value) ? this.#fail(`bad number syntax: ${JSON.stringify(token)}`) : { kind: "constant", value };
    }
    // A function without arguments, as in `{{ printf "%s" __line__ }}`.
    if (isTemplateFunction(token)) return { kind: "pipe", pipe: { assigns: [], declares: false, commands: [{ name: token, args: [] }] } };
    return this.#fail(`unexpected ${JSON.stringify(token)}`);
  }
}

const CONSTANTS = { __proto__: null, true: true, false: false, nil: undefined } as unknown as Readonly<Record<string, boolean | undefined>>;

const KEYWORD = /^(if|with|range|else|end|define|template|block|break|continue)\b\s*([\s\S]*)$/;

class BodyReader {
  readonly #pieces: readonly Piece[];
  #at = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  whole(): Node[] {
    const { nodes, end } = this.#body(0);
    if (end !== undefined) throw new Error(`template: unexpected {{${end}}}`);
    return nodes;
  }

  /** Up to `end` or `else`, which is told. */
  #body(depth: number): { readonly nodes: Node[]; readonly end: string | undefined } {
    if (depth > MAX_DEPTH) throw new Error("template: blocks are nested too deeply");
    const nodes: Node[] = [];
    for (let piece = this.#pieces[this.#at++]; piece; piece = this.#pieces[this.#at++]) {
      if ("text" in piece) {
        if (piece.text !== "") nodes.push({ kind: "text", text: piece.text });
        continue;
      }
      const { action } = piece;
      if (action.startsWith("/*")) continue;
      const [, keyword, rest = ""] = KEYWORD.exec(action) ?? [];
      if (keyword === "else" || keyword === "end") return { nodes, end: action };
      if (keyword === "if" || keyword === "with" || keyword === "range") nodes.push(this.#block(keyword, rest, depth));
      else if (keyword !== undefined) throw new Error(`template: {{${keyword}}} is not known here`);
      else nodes.push({ kind: "action", pipe: new PipeReader(action).whole() });
    }
    return { nodes, end: undefined };
  }

  #block(kind: "if" | "with" | "range", head: string, depth: number): Node {
    const pipe = new PipeReader(head).whole();
    const { nodes: body, end } = this.#body(depth + 1);
    if (end === undefined) throw new Error(`template: {{${kind}}} has no {{end}}`);
    if (end === "end") return { kind, pipe, body, otherwise: [] };
    const chained = /^else\s+(if|with)\b\s*([\s\S]*)$/.exec(end);
    if (chained) return { kind, pipe, body, otherwise: [this.#block(chained[1] as "if" | "with", chained[2]!, depth + 1)] };
    if (end !== "else") throw new Error(`template: unexpected {{${end}}}`);
    const { nodes: otherwise, end: last } = this.#body(depth + 1);
    if (last !== "end") throw new Error(`template: {{${kind}}} has no {{end}}`);
    return { kind, pipe, body, otherwise };
  }
}

/** Throws Error that says what is wrong. */
export const parseTemplate = (template: string): readonly Node[] => {
  if (template.length > MAX_LENGTH) throw new Error(`template: longer than ${MAX_LENGTH} characters`);
  return new BodyReader(piecesOf(template)).whole();
};
