/** `obs-agent help`, and agent/docs/cli.md: both from the table of commands. */

import { ERRORS } from "../errors.ts";
import { findCommand, type Argument, type Command, type CommandTable, type Flag } from "./definition.ts";

const WIDTH = 100;

const argumentText = ({ name, optional, multiple }: Argument): string => (optional ? `[${name}]` : name) + (multiple ? "..." : "");

const flagText = (name: string, { type, value, choices }: Flag): string =>
  type === "switch" ? `--${name}` : `--${name} ${value ?? (choices ? choices.join("|") : type === "number" ? "N" : "TEXT")}`;

const usageOf = ({ name, argument, flags }: Command): string =>
  ["obs-agent", name, ...(argument ? [argumentText(argument)] : []), ...(Object.keys(flags).length > 0 ? ["[OPTIONS]"] : [])].join(" ");

const wrap = (text: string, indent: string): string => {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
};

const plain = (text: string): string => text.replaceAll("`", "");

const table = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, doc]) => `  ${name.padEnd(width)}${wrap(plain(doc), " ".repeat(width + 2))}`).join("\n");
};

const overview = ({ commands, environment }: CommandTable): string => `obs-agent: tails, parses, masks, buffers and ships logs and metrics, exactly once.

  COMMAND | obs-agent    ship the lines of a pipe, wait until they are stored, end
  obs-agent              the same as obs-agent run

${table(commands.map(({ name, argument, doc }) => [`obs-agent ${name}${argument ? ` ${argumentText(argument)}` : ""}`, doc]))}

${table(environment)}

obs-agent help COMMAND tells the options of one. Configuration: agent/docs/config.md
`;

const helpOf = (command: Command): string => {
  const { doc, details, argument, flags } = command;
  const options = Object.entries(flags).map(([name, flag]) => [flagText(name, flag), flag.doc] as const);
  const parts = [usageOf(command), wrap(doc, ""), ...(argument?.choices ? [`${argument.name}: ${argument.choices.join(", ")}`] : []), ...(options.length > 0 ? [table(options)] : []), ...(details ? [wrap(plain(details), "")] : [])];
  return `${parts.join("\n\n")}\n`;
};

export const help = (all: CommandTable, name?: string): number => {
  process.stdout.write(name === undefined ? overview(all) : helpOf(findCommand(all.commands, name)));
  return 0;
};

const referenceOf = (command: Command): string => {
  const { name, doc, details, argument, flags } = command;
  const options = Object.entries(flags).map(([flag, definition]) => `| \`${flagText(flag, definition).replaceAll("|", "\\|")}\` | ${definition.doc} |`);
  return [
    `## ${name}`,
    doc,
    `\`\`\`sh\n${usageOf(command)}\n\`\`\``,
    ...(argument?.choices ? [`${argument.name}: ${argument.choices.map((choice) => `\`${choice}\``).join(", ")}`] : []),
    ...(options.length > 0 ? [`| option | meaning |\n|---|---|\n${options.join("\n")}`] : []),
    ...(details ? [details] : []),
  ].join("\n\n");
};

/** agent/docs/cli.md */
export const cliReference = ({ commands, environment }: CommandTable): string => `# Commands of obs-agent

<!-- Generated from agent/src/cli/commands.ts; a test holds it equal. -->

\`COMMAND | obs-agent\` without a name is \`stdin\`; \`obs-agent\` without a name is \`run\`. Exit codes: 0, ${ERRORS.usage[0]} for a
command line that is not understood, ${ERRORS.config_invalid[0]} for a configuration with errors, 1 for everything else ([errors.md](errors.md)).

| environment | meaning |
|---|---|
${environment.map(([names, doc]) => `| \`${names}\` | ${doc} |`).join("\n")}

${commands.map(referenceOf).join("\n\n")}
`;
