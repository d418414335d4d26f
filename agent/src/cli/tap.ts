/** `obs-agent tap`: records of the running agent, as they pass. */

import { createInterface } from "node:readline";
import { levelOf } from "@obs/wire";
import { askAgent } from "../admin/client.ts";
import { AgentError } from "../errors.ts";
import { findDataDir } from "./configuration.ts";
import { listOf, numberOf, switchOf, textOf, type Invocation } from "./definition.ts";
import { painter, type Paint } from "./paint.ts";

type Shown = Readonly<Record<string, unknown>>;

const pairs = (map: unknown): string => Object.entries((map ?? {}) as Shown).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`).join("");

const logText = ({ timestamp, severity, service, host, message, trace_id, attributes }: Shown, paint: Paint): string => {
  const level = levelOf(Number(severity));
  const colour = Number(severity) >= 17 ? "red" : Number(severity) >= 13 ? "yellow" : "green";
  return `${paint("dim", String(timestamp))} ${paint(colour, (level || "-").padEnd(5))} ${String(service)}@${String(host)} ${String(message)}${paint("dim", `${trace_id ? ` trace_id=${String(trace_id)}` : ""}${pairs(attributes)}`)}`;
};

const textOfRecord = (record: Shown, paint: Paint): string => {
  if ("message" in record) return logText(record, paint);
  const { timestamp, metric, labels, ...rest } = record;
  return `${timestamp === undefined ? "" : `${paint("dim", String(timestamp))} `}${String(metric)}${paint("dim", pairs(labels) + pairs(rest))}`;
};

const addressOf = (invocation: Invocation): string => {
  const query = new URLSearchParams(listOf(invocation, "filter").map((filter): [string, string] => ["filter", filter]));
  const rate = numberOf(invocation, "rate");
  query.set("stream", textOf(invocation, "stream") ?? "logs");
  if (rate !== undefined) query.set("rate", String(rate));
  return `/tap?${query}`;
};

export const tap = async (invocation: Invocation): Promise<number> => {
  const response = await askAgent(await findDataDir(listOf(invocation, "config")), addressOf(invocation));
  const lines = createInterface({ input: response });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => response.destroy());
  process.stdout.on("error", () => response.destroy());
  const paint = painter(process.stdout);
  const isJson = switchOf(invocation, "json");
  let left = numberOf(invocation, "limit") ?? Number.POSITIVE_INFINITY;
  try {
    for await (const line of lines) {
      if (response.statusCode !== 200) throw new AgentError("usage", line);
      const record = JSON.parse(line) as Shown;
      const leftOut = record.leftOut as { fitting: number; unseen: number } | undefined;
      if (leftOut) {
        process.stderr.write(`${leftOut.fitting} more fitted, ${leftOut.unseen} were not looked at (--rate)\n`);
        continue;
      }
      process.stdout.write(`${isJson ? line : textOfRecord(record, paint)}\n`);
      if (--left <= 0) break;
    }
  } catch (error) {
    // The agent has stopped, or a person has seen enough.
    if (error instanceof AgentError || !["ECONNRESET", "ABORT_ERR", "ERR_STREAM_PREMATURE_CLOSE"].includes(String((error as { code?: string }).code))) throw error;
  }
  response.destroy();
  return 0;
};
