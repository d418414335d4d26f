/**
 * Writes agent/docs/cli.md, config.md, config.schema.json, errors.md, metrics.md and parsers.md from the code:
 * `node agent/src/docs-reference.ts`. A test holds the files equal to what this makes.
 */

import { writeFileSync } from "node:fs";
import { TABLE } from "./cli/commands.ts";
import { cliReference } from "./cli/help.ts";
import { configJsonSchema, configReference } from "./config/reference.ts";
import { METRICS } from "./core/counters.ts";
import { ERRORS } from "./errors.ts";
import { PARSERS, PARSERS_BY_NAME } from "./parsers/registry.ts";

const metricsReference = (): string => `# Metrics of obs-agent

<!-- Generated from agent/src/core/counters.ts; a test holds it equal. -->

Prometheus text at \`http://127.0.0.1:8686/metrics\` (option \`admin.listen\`).

| name | type | meaning |
|---|---|---|
${Object.entries(METRICS)
  .map(([name, [type, doc]]) => `| \`${name}\` | ${type} | ${doc} |`)
  .join("\n")}
`;

const errorsReference = (): string => `# Errors of obs-agent

<!-- Generated from agent/src/errors.ts; a test holds it equal. -->

What ends the agent, or a call of its gateway. Data never does, after start-up.

| code | exit code | meaning |
|---|---|---|
${Object.entries(ERRORS)
  .map(([code, [exitCode, doc]]) => `| \`${code}\` | ${exitCode} | ${doc} |`)
  .join("\n")}
`;

const parsersReference = (): string => `# Parsers of obs-agent

<!-- Generated from agent/src/parsers/registry.ts; a test holds it equal. -->

Formats of text lines, in the order of detection: the first that takes a line has it. Each stream (a file, a
connection) remembers the formats it has shown. A group of files names one with \`parser: { type: NAME }\`, or brings
its own pattern with \`type: regex\` or \`type: grok\` ([config.md](config.md)). JSON lines have a faster way of their own.

| name | what | detected |
|---|---|---|
${[...PARSERS_BY_NAME.values()].map((parser) => `| \`${parser.name}\` | ${parser.description} | ${PARSERS.includes(parser) ? "yes" : "when named"} |`).join("\n")}
`;

/** Generated files by their name in agent/docs. */
export const generatedDocs = (): Readonly<Record<string, string>> => ({
  "cli.md": cliReference(TABLE),
  "config.md": configReference(),
  "config.schema.json": `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`,
  "metrics.md": metricsReference(),
  "errors.md": errorsReference(),
  "parsers.md": parsersReference(),
});

if (import.meta.main) for (const [name, text] of Object.entries(generatedDocs())) writeFileSync(new URL(`../docs/${name}`, import.meta.url), text);
