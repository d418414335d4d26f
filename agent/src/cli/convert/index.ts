/** `obs-agent convert`: the configuration of another agent as one of ours, and a report of what became of each part. */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { stringify } from "yaml";
import { AgentError } from "../../errors.ts";
import { switchOf, textOf, type Invocation } from "../definition.ts";
import { painter, type Paint } from "../paint.ts";
import { writeOutput } from "../write-output.ts";
import type { Converted, Finding, Kind } from "./conversion.ts";
import { convertText, type Format } from "./read.ts";

const KINDS: readonly Kind[] = ["taken over", "not needed", "no equal"];
const COLOURS = { "taken over": "green", "not needed": "dim", "no equal": "yellow" } as const;

export const yamlOf = ({ host, environment, log, files, host_metrics: hostMetrics }: Converted, heading: string): string =>
  `# ${heading}\n# The backend comes from OBS_ENDPOINT and OBS_API_KEY, or from endpoint and api_key_file here.\n${stringify({ ...(host !== undefined && { host }), ...(environment !== undefined && { environment }), ...(log && { log }), files, host_metrics: hostMetrics }, { lineWidth: 0, aliasDuplicateObjects: false })}`;

export const reportOf = (findings: readonly Finding[], paint: Paint): string => {
  const width = Math.max(0, ...findings.map(({ where }) => where.length));
  const lines = KINDS.flatMap((kind) => findings.filter((finding) => finding.kind === kind).map(({ where, message }) => `${paint(COLOURS[kind], kind.padEnd(10))}  ${where.padEnd(width)}  ${message}`));
  const counts = KINDS.map((kind) => `${findings.filter((finding) => finding.kind === kind).length} ${kind}`);
  return `${[...lines, counts.join(", ")].join("\n")}\n`;
};

export const convert = async (invocation: Invocation): Promise<number> => {
  const [path] = invocation.args as [string];
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new AgentError("config_invalid", `${path}: ${cause.code === "ENOENT" ? "there is no such file" : cause.message}`, { cause });
  });
  let result: ReturnType<typeof convertText>;
  try {
    result = convertText(text, path, textOf(invocation, "from") as Format | undefined);
  } catch (cause) {
    throw new AgentError("config_invalid", `${path}: ${(cause as Error).message}`, { cause });
  }
  const { format, conversion } = result;
  const yaml = yamlOf(conversion.config, `From the ${format} configuration ${basename(path)}, by obs-agent convert.`);
  if (switchOf(invocation, "json")) process.stdout.write(`${JSON.stringify({ format, config: conversion.config, findings: conversion.findings })}\n`);
  else {
    await writeOutput(yaml, textOf(invocation, "output"), switchOf(invocation, "force"));
    process.stderr.write(reportOf(conversion.findings, painter(process.stderr)));
  }
  return 0;
};
