/**
 * A configuration file as a person likes to find it: what is set, and every other option as a comment
 * with its default. Descriptions and defaults come from the one definition (config/schema.ts).
 *
 * `# text` is a description, `#option:` an option that is not set.
 */

import { stringify } from "yaml";
import { configJsonSchema, type JsonSchema } from "../config/reference.ts";

export interface CommentedConfig {
  readonly heading: readonly string[];
  /** Top-level options that are set. */
  readonly set: Readonly<Record<string, unknown>>;
  /** Further comment lines, by top-level option. */
  readonly notes?: Readonly<Record<string, readonly string[]>>;
}

const WIDTH = 100;

const comment = (text: string, indent: string): string[] => {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line.length + word.length + indent.length + 3 > WIDTH && line !== "") {
      lines.push(`${indent}# ${line}`);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, `${indent}# ${line}`];
};

const yaml = (value: unknown): string[] => stringify(value, { lineWidth: 0 }).trimEnd().split("\n");

/** An option without a default: what could stand there. */
const placeholder = ({ enum: values, type, items }: JsonSchema): unknown => (values ? values[0] : type === "array" ? (items?.properties ? [] : ["..."]) : "...");

/** Lines of one option and what is in it, without the # that makes it a comment. */
const optionLines = (name: string, option: JsonSchema, indent: string): string[] => {
  if (option.properties) return [`${indent}${name}:`, ...Object.entries(option.properties).flatMap(([inner, one]) => [...comment(one.description ?? "", `${indent}  `), ...optionLines(inner, one, `${indent}  `)])];
  return yaml({ [name]: option.default ?? placeholder(option) }).map((line) => indent + line);
};

const section = (name: string, option: JsonSchema, { set, notes = {} }: CommentedConfig): string[] => {
  const head = [...comment(option.description ?? "", ""), ...(notes[name] ?? []).map((line) => `# ${line}`)];
  const body = Object.hasOwn(set, name) ? yaml({ [name]: set[name] }) : optionLines(name, option, "").map((line) => `#${line}`);
  return [...head, ...body, ""];
};

export const commentedConfig = (config: CommentedConfig): string =>
  `${[...config.heading.map((line) => `# ${line}`), "", ...Object.entries(configJsonSchema().properties ?? {}).flatMap(([name, option]) => section(name, option, config))].join("\n").trimEnd()}\n`;
