/** What a command is: one table of these (commands.ts) gives parsing, help, completion and agent/docs/cli.md. */

import { parseArgs } from "node:util";
import { AgentError } from "../errors.ts";
import { nearestName } from "../config/nearest.ts";

export interface Flag {
  readonly type: "switch" | "text" | "number";
  /** May be given more than once. */
  readonly multiple?: boolean;
  /** What stands for its value in help, such as `FILE`. Shells complete `FILE` and `FOLDER` as paths. */
  readonly value?: string;
  /** The only values it takes. */
  readonly choices?: readonly string[];
  readonly doc: string;
}

export interface Argument {
  readonly name: string;
  readonly choices?: readonly string[];
  readonly optional?: boolean;
  readonly multiple?: boolean;
}

export interface Command {
  readonly name: string;
  /** One line. */
  readonly doc: string;
  readonly argument?: Argument;
  readonly flags: Readonly<Record<string, Flag>>;
  /** More, for `help COMMAND` and the reference: paragraphs. */
  readonly details?: string;
  /** Loads what it needs when it is asked for; resolves to the exit code. */
  run(invocation: Invocation): Promise<number>;
}

export interface CommandTable {
  readonly commands: readonly Command[];
  /** What every command takes beside its own: names of variables, and a doc line. */
  readonly environment: readonly (readonly [names: string, doc: string])[];
}

export interface Invocation {
  readonly args: readonly string[];
  readonly flags: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
}

export const switchOf = ({ flags }: Invocation, name: string): boolean => flags[name] === true;
export const textOf = ({ flags }: Invocation, name: string): string | undefined => flags[name] as string | undefined;
export const numberOf = ({ flags }: Invocation, name: string): number | undefined => flags[name] as number | undefined;
export const listOf = ({ flags }: Invocation, name: string): readonly string[] => (flags[name] as readonly string[] | undefined) ?? [];

const usage = (message: string): AgentError => new AgentError("usage", `${message} (obs-agent help)`);

const hint = (name: string, known: readonly string[]): string => {
  const nearest = nearestName(name, known);
  return nearest === undefined ? "" : `: did you mean ${nearest}?`;
};

const valueOf = (name: string, { type, choices, multiple }: Flag, given: string | boolean | readonly (string | boolean)[]): Invocation["flags"][string] => {
  if (type === "switch") return true;
  for (const text of (multiple ? given : [given]) as readonly string[]) {
    if (choices && !choices.includes(text)) throw usage(`--${name} takes ${choices.join(", ")}, not ${JSON.stringify(text)}`);
    if (type === "number" && !/^\d+(\.\d+)?$/.test(text)) throw usage(`--${name} takes a number, not ${JSON.stringify(text)}`);
  }
  return type === "number" ? Number(given) : (given as string | readonly string[]);
};

const checkArguments = ({ name, argument }: Command, args: readonly string[]): void => {
  const most = argument === undefined ? 0 : argument.multiple ? Number.POSITIVE_INFINITY : 1;
  if (args.length > most) throw usage(`unexpected argument: ${args[most]}`);
  if (argument && !argument.optional && args.length === 0) throw usage(`${name} needs ${argument.name}`);
  const wrong = argument?.choices && args.find((given) => !argument.choices!.includes(given));
  if (wrong !== undefined) throw usage(`${name} takes ${argument!.choices!.join(", ")}, not ${JSON.stringify(wrong)}`);
};

/** Throws AgentError(usage). `args` stand behind the command's name. */
export const readInvocation = (command: Command, args: readonly string[]): Invocation => {
  const options = Object.fromEntries(Object.entries(command.flags).map(([name, { type, multiple = false }]) => [name, { type: type === "switch" ? ("boolean" as const) : ("string" as const), multiple }]));
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const unknown = /'(--?[^' ]+)/.exec((error as Error).message)?.[1];
    if ((error as { code?: string }).code !== "ERR_PARSE_ARGS_UNKNOWN_OPTION" || unknown === undefined) throw usage((error as Error).message);
    throw usage(`${command.name} has no option ${unknown}${hint(unknown.replace(/^-+/, ""), Object.keys(command.flags)).replace("did you mean ", "did you mean --")}`);
  }
  checkArguments(command, parsed.positionals);
  const flags = Object.entries(parsed.values).map(([name, given]) => [name, valueOf(name, command.flags[name]!, given!)] as const);
  return { args: parsed.positionals, flags: Object.fromEntries(flags) };
};

/** Throws AgentError(usage) that names the nearest one. */
export const findCommand = (commands: readonly Command[], name: string): Command => {
  const found = commands.find((command) => command.name === name);
  if (found) return found;
  throw usage(`there is no command "${name}"${hint(name, commands.map((command) => command.name))}`);
};
