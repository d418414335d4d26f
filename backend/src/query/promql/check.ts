/** Type checks of a parsed query, in Prometheus' order and with its texts. */

import { parseError } from "./errors.ts";
import { EXPERIMENTAL_AGGREGATIONS, FUNCTIONS, PARAMETERS } from "./functions.ts";
import { compileMatcher } from "./matchers.ts";
import { COMPARISONS, positionOf, SET_OPERATORS, TYPE_NAMES, unwrap, type Aggregation, type Binary, type Call, type Expr, type MatrixSelector, type ValueType, type VectorSelector } from "./syntax.ts";

export interface CheckOptions {
  readonly query: string;
  /** Functions, aggregations and modifiers that Prometheus has behind flags. */
  readonly allowExperimental: boolean;
}

/** Range functions that know what lies just outside of their range. */
const EXTENDED: Readonly<Record<string, ReadonlySet<string>>> = {
  anchored: new Set(["changes", "delta", "increase", "rate", "resets"]),
  smoothed: new Set(["delta", "increase", "rate"]),
};

class Checker {
  readonly #options: CheckOptions;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  fail(expr: Expr, message: string): never {
    throw parseError(positionOf(this.#options.query, expr.from), message);
  }

  expect(expr: Expr, type: ValueType, context: string): void {
    const found = this.typeOf(expr);
    if (found !== type) this.fail(expr, `expected type ${TYPE_NAMES[type]} in ${context}, got ${TYPE_NAMES[found]}`);
  }

  typeOf(expr: Expr): ValueType {
    switch (expr.kind) {
      case "number":
        return "scalar";
      case "string":
        return "string";
      case "paren":
        return this.typeOf(expr.expr);
      case "selector":
        return this.selector(expr);
      case "matrix":
        return this.matrix(expr);
      case "subquery":
        this.expect(expr.expr, "vector", "subquery");
        return "matrix";
      case "unary": {
        const type = this.typeOf(expr.expr);
        if (type !== "scalar" && type !== "vector") this.fail(expr, `unary expression only allowed on expressions of type scalar or instant vector, got ${JSON.stringify(TYPE_NAMES[type])}`);
        return type;
      }
      case "call":
        return this.call(expr);
      case "aggregation":
        return this.aggregation(expr);
      case "binary":
        return this.binary(expr);
    }
  }

  selector(expr: VectorSelector): ValueType {
    for (const matcher of expr.matchers)
      try {
        compileMatcher(matcher);
      } catch (error) {
        this.fail(expr, `error parsing regexp: ${(error as Error).message}`);
      }
    if (expr.matchers.every((matcher) => compileMatcher(matcher)(""))) this.fail(expr, "vector selector must contain at least one non-empty matcher");
    return "vector";
  }

  matrix(expr: MatrixSelector): ValueType {
    if (expr.extension && !this.#options.allowExperimental) this.fail(expr, `${expr.extension} modifier is experimental and not enabled`);
    this.selector(expr.selector);
    return "matrix";
  }

  call(expr: Call): ValueType {
    const { name, args } = expr;
    const signature = FUNCTIONS.get(name);
    if (!signature) this.fail(expr, `unknown function with name ${JSON.stringify(name)}`);
    if (signature.isExperimental && !this.#options.allowExperimental) this.fail(expr, `function ${JSON.stringify(name)} is not enabled`);
    const { args: types, variadic, returns } = signature;
    const most = types.length + (variadic ?? 0) - (variadic !== undefined && variadic > 0 ? 1 : 0);
    const least = variadic === undefined ? types.length : types.length - 1;
    if (variadic === undefined && args.length !== types.length) this.fail(expr, `expected ${types.length} argument(s) in call to ${JSON.stringify(name)}, got ${args.length}`);
    if (args.length < least) this.fail(expr, `expected at least ${least} argument(s) in call to ${JSON.stringify(name)}, got ${args.length}`);
    if (variadic !== undefined && variadic >= 0 && args.length > most) this.fail(expr, `expected at most ${most} argument(s) in call to ${JSON.stringify(name)}, got ${args.length}`);
    args.forEach((arg, index) => this.expect(arg, types[Math.min(index, types.length - 1)]!, `call to function ${JSON.stringify(name)}`));
    for (const arg of args.map(unwrap))
      if (arg.kind === "matrix" && arg.extension && !EXTENDED[arg.extension]!.has(name))
        this.fail(arg, `${arg.extension} modifier can only be used with: ${[...EXTENDED[arg.extension]!].sort().join(", ")} - not with ${name}`);
    return returns;
  }

  aggregation(expr: Aggregation): ValueType {
    const { operator, parameter } = expr;
    if (EXPERIMENTAL_AGGREGATIONS.has(operator) && !this.#options.allowExperimental) this.fail(expr, `${operator}() is experimental and must be enabled`);
    const type = PARAMETERS[operator];
    if ((type === undefined) !== (parameter === undefined)) this.fail(expr, `wrong number of arguments for aggregate expression provided, expected ${type === undefined ? 1 : 2}, got ${parameter ? 2 : 1}`);
    this.expect(expr.expr, "vector", "aggregation expression");
    if (parameter) this.expect(parameter, type!, "aggregation parameter");
    return "vector";
  }

  binary(expr: Binary): ValueType {
    const { operator, left, right, matching, returnsBool } = expr;
    const [leftType, rightType] = [this.typeOf(left), this.typeOf(right)];
    const isSet = SET_OPERATORS.has(operator);
    for (const [side, type] of [[left, leftType], [right, rightType]] as const)
      if (type !== "scalar" && type !== "vector") this.fail(side, "binary expression must contain only scalar and instant vector types");
    const areScalars = leftType === "scalar" && rightType === "scalar";
    if (COMPARISONS.has(operator) && !returnsBool && areScalars) this.fail(expr, "comparisons between scalars must use BOOL modifier");
    const areVectors = leftType === "vector" && rightType === "vector";
    if (!areVectors && (matching.on || matching.labels.length > 0)) this.fail(expr, "vector matching only allowed between instant vectors");
    if (!areVectors && (matching.fillLeft ?? matching.fillRight) !== undefined) this.fail(expr, "filling in missing series only allowed between instant vectors");
    if (!areVectors && isSet) this.fail(expr, `set operator ${JSON.stringify(operator)} not allowed in binary scalar expression`);
    return areScalars ? "scalar" : "vector";
  }
}

/** Type of the whole query. Throws PromqlError(bad_data). */
export const check = (expr: Expr, options: CheckOptions): ValueType => new Checker(options).typeOf(expr);
