/** Flags of the tools: one table gives parsing, bounds, defaults and `--help`. */

import { parseArgs } from "node:util";

export interface BooleanOption {
  readonly type: "boolean";
  readonly description: string;
}
export interface IntegerOption {
  readonly type: "integer";
  /** Below `min`: the tool finds a value itself when none is given. */
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly description: string;
}
export interface StringOption {
  readonly type: "string";
  readonly default: string;
  readonly description: string;
}
export interface ChoiceOption<T extends string = string> {
  readonly type: "choice";
  readonly choices: readonly T[];
  readonly default: T;
  readonly description: string;
}
export type Option = BooleanOption | IntegerOption | StringOption | ChoiceOption;
export type Options = Readonly<Record<string, Option>>;

type ValueOf<O extends Option> = O extends BooleanOption ? boolean : O extends IntegerOption ? number : O extends ChoiceOption<infer T> ? T : string;
export type OptionValues<O extends Options> = { readonly [K in keyof O]: ValueOf<O[K]> };

/** A mistake on the command line: one line per problem. */
export class UsageError extends Error {
  override name = "UsageError";
}

const parseInteger = (name: string, text: string, { min, max }: IntegerOption): number => {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new UsageError(`--${name} takes an integer from ${min} to ${max}, not "${text}"`);
  return value;
};

const parseChoice = (name: string, text: string, { choices }: ChoiceOption): string => {
  if (!choices.includes(text)) throw new UsageError(`--${name} takes one of ${choices.filter((choice) => choice !== "").join(", ")}, not "${text}"`);
  return text;
};

const parseValue = (name: string, option: Option, given: string | boolean | undefined): string | number | boolean => {
  if (option.type === "boolean") return given === true;
  if (typeof given !== "string") return option.default;
  if (option.type === "integer") return parseInteger(name, given, option);
  return option.type === "choice" ? parseChoice(name, given, option) : given;
};

/** Values of all options. A leading `--`, as package runners pass it on, is skipped. Throws UsageError. */
export const parseOptions = <O extends Options>(options: O, argv: readonly string[]): OptionValues<O> => {
  const args = argv[0] === "--" ? argv.slice(1) : [...argv];
  let given: Record<string, string | boolean | undefined>;
  try {
    given = parseArgs({
      args: [...args],
      options: Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, { type: type === "boolean" ? type : "string" }])),
      allowPositionals: false,
    }).values as typeof given;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
  return Object.fromEntries(Object.entries(options).map(([name, option]) => [name, parseValue(name, option, given[name])])) as OptionValues<O>;
};

const bounds = (option: Option): string => {
  if (option.type === "boolean") return "";
  if (option.type === "integer") return ` (${option.min} to ${option.max}${option.default < option.min ? "" : `, default ${option.default}`})`;
  if (option.type === "choice") return ` (${option.choices.filter((choice) => choice !== "").join(", ")}${option.default ? `; default ${option.default}` : ""})`;
  return option.default ? ` (default ${option.default})` : "";
};

export const describeOptions = (options: Options): string =>
  Object.entries(options)
    .map(([name, option]) => `  --${name.padEnd(14)} ${option.description}${bounds(option)}`)
    .join("\n");
