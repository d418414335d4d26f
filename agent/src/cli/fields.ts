/** `obs-agent fields`: the running agent's census of fields. */

import { fetchText } from "../admin/client.ts";
import type { FieldReport } from "../core/field-census.ts";
import { findDataDir } from "./configuration.ts";
import { listOf, switchOf, textOf, type Invocation } from "./definition.ts";

/** Escapes what a terminal would take for more than text. */
const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);

const percent = (share: number): string => (share >= 0.9995 ? "100 %" : `${(share * 100).toFixed(1)} %`);

export const formatFields = ({ services, others }: FieldReport, service?: string): string => {
  if (services.length === 0) return `No logs${service === undefined ? "" : ` of ${service}`} have been seen since the agent started.\n`;
  const lines: string[] = [];
  for (const { service, sampledRows, fields, others: beyond } of services) {
    const rows = fields.map(({ name, share, types, example }) => [printable(name), percent(share), Object.keys(types).join(", "), printable(example)]);
    const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length), 0));
    lines.push(`${printable(service) || "(no service)"}: ${sampledRows} rows looked at`);
    for (const row of rows) lines.push(`  ${row[0]!.padEnd(widths[0]!)}  ${row[1]!.padStart(widths[1]!)}  ${row[2]!.padEnd(widths[2]!)}  ${row[3]!}`.trimEnd());
    if (beyond > 0) lines.push(`  and fields beyond those kept, ${beyond} times`);
    lines.push("");
  }
  if (others > 0) lines.push(`${others} rows are of services beyond those kept.`, "");
  return lines.join("\n");
};

export const fields = async (invocation: Invocation): Promise<number> => {
  const service = textOf(invocation, "service");
  const text = await fetchText(await findDataDir(listOf(invocation, "config")), `/fields${service === undefined ? "" : `?service=${encodeURIComponent(service)}`}`);
  process.stdout.write(switchOf(invocation, "json") ? `${text}\n` : formatFields(JSON.parse(text) as FieldReport, service));
  return 0;
};
