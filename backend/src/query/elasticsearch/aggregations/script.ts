/**
 * The arithmetic of `bucket_script`: numbers, `params.a` (or `a`), `+ - * / %`, comparisons, `&& || !`,
 * `? :`, parentheses, and functions of `Math`. Nothing else is run: it is read, not evaluated as code.
 */

import { illegalArgument } from "../../../core/elasticsearch.ts";

type Values = ReadonlyMap<string, number>;
type Evaluate = (values: Values) => number;

const MAX_LENGTH = 1_000;
const MAX_DEPTH = 64;
const TOKEN = /\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)[dDfFlL]?(?!\w)|params\s*\[\s*['"]([^'"]+)['"]\s*\]|([A-Za-z_][\w.]*)|(<=|>=|==|!=|&&|\|\||[-+*/%()<>!?:,]))/y;

const FUNCTIONS: ReadonlyMap<string, (...values: number[]) => number> = new Map<string, (...values: number[]) => number>(
  (["abs", "ceil", "floor", "sqrt", "cbrt", "exp", "log", "log10", "pow", "max", "min", "signum", "round", "sin", "cos", "tan"] as const).map((name) => [name, name === "signum" ? Math.sign : Math[name]]),
);

/** Binary operators, loosest first. */
const LEVELS: readonly Readonly<Record<string, (a: number, b: number) => number>>[] = [
  { "||": (a, b) => Number(a !== 0 || b !== 0) },
  { "&&": (a, b) => Number(a !== 0 && b !== 0) },
  { "==": (a, b) => Number(a === b), "!=": (a, b) => Number(a !== b) },
  { "<": (a, b) => Number(a < b), "<=": (a, b) => Number(a <= b), ">": (a, b) => Number(a > b), ">=": (a, b) => Number(a >= b) },
  { "+": (a, b) => a + b, "-": (a, b) => a - b },
  { "*": (a, b) => a * b, "/": (a, b) => a / b, "%": (a, b) => a % b },
];

type Token = { readonly number: number } | { readonly name: string } | { readonly operator: string };

/** Throws illegal_argument_exception for what is no such arithmetic, or names a value that is not there. */
export const parseScript = (script: string, names: ReadonlySet<string>): Evaluate => {
  const text = script.trim().replace(/^return\s+/, "").replace(/;\s*$/, "");
  const fail = (why: string) => illegalArgument(`script [${script.slice(0, 200)}] is not supported: ${why}; it may have numbers, params.name, + - * / %, comparisons, && || ! ? : and functions of Math`);
  if (text.length > MAX_LENGTH) throw fail(`it is longer than ${MAX_LENGTH} characters`);
  return new ScriptParser(tokensOf(text, fail), names, fail).parse();
};

const tokensOf = (text: string, fail: (why: string) => Error): Token[] => {
  const tokens: Token[] = [];
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.length; ) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw fail(`character ${at + 1} is unknown`);
    const [, number, quoted, name, operator] = match;
    tokens.push(number !== undefined ? { number: Number(number) } : operator !== undefined ? { operator } : { name: quoted === undefined ? name! : `params.${quoted}` });
  }
  return tokens;
};

class ScriptParser {
  readonly #tokens: readonly Token[];
  readonly #names: ReadonlySet<string>;
  readonly #fail: (why: string) => Error;
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], names: ReadonlySet<string>, fail: (why: string) => Error) {
    this.#tokens = tokens;
    this.#names = names;
    this.#fail = fail;
  }

  parse(): Evaluate {
    const evaluate = this.#choice();
    if (this.#at < this.#tokens.length) throw this.#fail(`part ${this.#at + 1} does not belong there`);
    return evaluate;
  }

  #take(...operators: readonly string[]): string | undefined {
    const token = this.#tokens[this.#at];
    if (!token || !("operator" in token) || !operators.includes(token.operator)) return undefined;
    this.#at++;
    return token.operator;
  }

  #expect(operator: string): void {
    if (this.#take(operator) === undefined) throw this.#fail(`${operator} is missing`);
  }

  #choice(): Evaluate {
    if (++this.#depth > MAX_DEPTH) throw this.#fail("it is nested too deep");
    const condition = this.#binary(0);
    this.#depth--;
    if (this.#take("?") === undefined) return condition;
    const yes = this.#choice();
    this.#expect(":");
    const no = this.#choice();
    return (values) => (condition(values) === 0 ? no(values) : yes(values));
  }

  #binary(level: number): Evaluate {
    const operators = LEVELS[level];
    if (!operators) return this.#unary();
    let left = this.#binary(level + 1);
    for (let taken = this.#take(...Object.keys(operators)); taken !== undefined; taken = this.#take(...Object.keys(operators))) {
      const [before, after, apply] = [left, this.#binary(level + 1), operators[taken]!];
      left = (values) => apply(before(values), after(values));
    }
    return left;
  }

  #unary(): Evaluate {
    const sign = this.#take("-", "+", "!");
    if (sign === undefined) return this.#value();
    if (++this.#depth > MAX_DEPTH) throw this.#fail("it is nested too deep");
    const inner = this.#unary();
    this.#depth--;
    return sign === "-" ? (values) => -inner(values) : sign === "!" ? (values) => Number(inner(values) === 0) : inner;
  }

  #value(): Evaluate {
    if (this.#take("(") !== undefined) {
      const inner = this.#choice();
      this.#expect(")");
      return inner;
    }
    const token = this.#tokens[this.#at++];
    if (token && "number" in token) return () => token.number;
    if (!token || !("name" in token)) throw this.#fail("a value is missing");
    if (token.name.startsWith("Math.")) return this.#call(token.name.slice("Math.".length));
    const name = token.name.replace(/^params\./, "");
    if (!this.#names.has(name)) throw this.#fail(`there is no ${token.name}`);
    return (values) => values.get(name)!;
  }

  #call(name: string): Evaluate {
    const apply = FUNCTIONS.get(name);
    if (!apply) throw this.#fail(`there is no Math.${name}`);
    this.#expect("(");
    const given = [this.#choice()];
    while (this.#take(",") !== undefined) given.push(this.#choice());
    this.#expect(")");
    return (values) => apply(...given.map((evaluate) => evaluate(values)));
  }
}
