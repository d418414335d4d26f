/** A template's text for one entry. */

import { callFunction, MAX_TEXT, type TemplateContext } from "./functions.ts";
import type { Command, Node, Operand, Pipe } from "./parse.ts";
import { isTrue, toText, type TemplateValue } from "./values.ts";

/** Of one execution: nodes and commands. */
const MAX_STEPS = 100_000;

class Execution {
  readonly #context: TemplateContext;
  readonly #root: TemplateValue;
  readonly #variables: (readonly [name: string, holder: { value: TemplateValue }])[] = [];
  #text = "";
  #steps = 0;

  constructor(root: TemplateValue, context: TemplateContext) {
    this.#root = root;
    this.#context = context;
  }

  get text(): string {
    return this.#text;
  }

  run(nodes: readonly Node[], dot: TemplateValue): void {
    const outer = this.#variables.length;
    for (const node of nodes) {
      this.#step();
      if (node.kind === "text") this.#write(node.text);
      else if (node.kind === "action") {
        const value = this.#pipe(node.pipe, dot);
        if (node.pipe.assigns.length === 0) this.#write(toText(value));
      } else this.#block(node, dot);
    }
    this.#variables.length = outer;
  }

  #block({ kind, pipe, body, otherwise }: Extract<Node, { kind: "if" | "with" | "range" }>, dot: TemplateValue): void {
    const outer = this.#variables.length;
    if (kind === "range") {
      const value = this.#pipe({ ...pipe, assigns: [] }, dot);
      const items: (readonly [TemplateValue, TemplateValue])[] =
        value instanceof Map ? [...(value as ReadonlyMap<string, TemplateValue>)].sort(([one], [other]) => (one < other ? -1 : 1)) : Array.isArray(value) ? value.map((item: TemplateValue, index) => [index, item] as const) : [];
      if (items.length === 0) this.run(otherwise, dot);
      for (const [key, item] of items) {
        this.#variables.length = outer;
        const [first, second] = pipe.assigns;
        if (second !== undefined) this.#variables.push([first!, { value: key }], [second, { value: item }]);
        else if (first !== undefined) this.#variables.push([first, { value: item }]);
        this.run(body, item);
      }
    } else {
      const value = this.#pipe(pipe, dot);
      this.run(isTrue(value) ? body : otherwise, kind === "with" && isTrue(value) ? value : dot);
    }
    this.#variables.length = outer;
  }

  #step(): void {
    if (++this.#steps > MAX_STEPS) throw new Error(`the template takes more than ${MAX_STEPS} steps`);
  }

  #write(text: string): void {
    this.#text += text;
    if (this.#text.length > MAX_TEXT) throw new Error(`the text would be longer than ${MAX_TEXT} characters`);
  }

  #pipe({ commands, assigns, declares }: Pipe, dot: TemplateValue): TemplateValue {
    let value: TemplateValue;
    for (const [index, command] of commands.entries()) value = this.#command(command, dot, index === 0 ? [] : [value]);
    for (const name of assigns.slice(0, 1)) {
      if (declares) this.#variables.push([name, { value }]);
      else this.#variable(name).value = value;
    }
    return value;
  }

  #command({ name, args }: Command, dot: TemplateValue, piped: readonly TemplateValue[]): TemplateValue {
    this.#step();
    if (name === undefined) return this.#operand(args[0]!, dot);
    return callFunction(name, [...args.map((arg) => this.#operand(arg, dot)), ...piped], this.#context);
  }

  #variable(name: string): { value: TemplateValue } {
    const found = this.#variables.findLast(([known]) => known === name);
    if (!found) throw new Error(`undefined variable ${JSON.stringify(name)}`);
    return found[1];
  }

  #operand(operand: Operand, dot: TemplateValue): TemplateValue {
    switch (operand.kind) {
      case "constant":
        return operand.value;
      case "dot":
        return dot;
      case "variable":
        return operand.name === "$" ? this.#root : this.#variable(operand.name).value;
      case "pipe":
        return this.#pipe(operand.pipe, dot);
      case "field":
        return operand.names.reduce<TemplateValue>((of, name) => (of instanceof Map ? (of.get(name) as TemplateValue) : undefined), this.#operand(operand.of, dot));
    }
  }
}

/** What a label that is not there prints: nothing, where Go would say `<no value>`. */
class Labels extends Map<string, string> {
  override get(name: string): string {
    return super.get(name) ?? "";
  }
}

/** Throws Error with what went wrong. */
export const execute = (nodes: readonly Node[], labels: Iterable<readonly [string, string]>, context: TemplateContext): string => {
  const root = new Labels(labels);
  const execution = new Execution(root, context);
  execution.run(nodes, root);
  return execution.text;
};
