/**
 * How well the agent's parsers read log lines that they were not made from: real lines of many
 * programs with the values that their own projects expect. Detection only; a case's format is used
 * only to ask whether the parser of that name refuses what is not valid in it.
 */

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLineParser, joinLines, LINE_FORMATS, type LineFormat } from "obs-agent";
import { Score, timestampOutcome, valuesFound, type Expected, type Prediction } from "./score/logformat-measures.ts";
import { runTool } from "./tool/run-tool.ts";

interface Case {
  readonly id: string;
  readonly format: string;
  readonly kind: "parse" | "reject" | "multiline";
  readonly raw: string;
  readonly expected: Expected & { readonly records?: readonly string[] };
}

const CLASSES = ["", "trace", "debug", "info", "warn", "error", "fatal"] as const;

const predictionOf = (id: string, line: string, nowSeconds: number): Prediction => {
  const record = createLineParser(undefined).parse(line, nowSeconds);
  return {
    id,
    ...(!Number.isNaN(record.seconds) && { timestamp: isoOf(record.seconds, record.nanoseconds) }),
    severity: CLASSES[record.severity === 0 ? 0 : Math.floor((record.severity - 1) / 4) + 1]!,
    message: record.message,
    resource: { service: record.service, host: record.host, environment: record.environment, traceId: record.traceId, spanId: record.spanId },
    originals: { timestamp: record.timestampText, severity: record.severityText },
    fields: Object.fromEntries(record.attributes),
    decoded: [...record.attributes.values()].flatMap(decode),
  };
};

const isoOf = (seconds: number, nanoseconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(nanoseconds).padStart(9, "0")}Z`;

/** Attributes are text: of a JSON value that is an array or a boolean also the value. */
const decode = (text: string): unknown[] => {
  if (text === "true" || text === "false") return [text === "true"];
  if (!text.startsWith("[") || !text.endsWith("]")) return [];
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
};

const isRejected = ({ format, raw }: Case, nowSeconds: number): boolean => {
  if (!(LINE_FORMATS as readonly string[]).includes(format)) return false;
  const parser = createLineParser({ type: format as LineFormat["type"] });
  parser.parse(raw, nowSeconds);
  return parser.format === "";
};

const casesIn = (folder: string): Case[] =>
  readdirSync(folder)
    .filter((name) => /^logformats_.*\.jsonl$/.test(name))
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as Case);

const scoreCase = (score: Score, one: Case, nowSeconds: number): unknown => {
  const { id, kind, expected, raw } = one;
  if (kind === "reject") {
    const rejected = isRejected(one, nowSeconds);
    score.add("rejects", Number(rejected));
    return { id, rejected };
  }
  if (kind === "multiline") {
    const records = joinLines(raw.split("\n"));
    score.addRecords(records, expected.records ?? []);
    return { id, records };
  }
  const prediction = predictionOf(id, raw, nowSeconds);
  if (expected.timestamp) score.add("timestamp", Number(timestampOutcome(expected.timestamp, prediction.timestamp) === "right"));
  if (expected.severity) score.add("severity", Number(prediction.severity === expected.severity));
  if (typeof expected.message === "string") score.add("message", Number(prediction.message.trimEnd() === expected.message.trimEnd()));
  const values = valuesFound(expected, prediction);
  if (values !== undefined) score.add("values", values);
  const { originals: _, ...stored } = prediction;
  const inRow = valuesFound(expected, stored);
  if (inRow !== undefined) score.add("valuesInRow", inRow);
  // A row keeps time and level as numbers: their texts, and the parts of the time's, are not asked for.
  const beside = valuesFound(expected, stored, prediction.originals);
  if (beside !== undefined) score.add("valuesBesideTime", beside);
  return prediction;
};

await runTool({
  name: "score-logformats",
  description: "Scores the shipped parsers over $CORPORA/logformats.",
  options: { predictions: { type: "string", default: "", description: "also write the parsers' answers to this file, one JSON object a line" } },
  run: async ({ options }) => {
    const cases = casesIn(join(process.env["CORPORA"] || "../shared/corpora", "logformats"));
    const score = new Score();
    const nowSeconds = Date.now() / 1000;
    const answers = cases.map((one) => JSON.stringify(scoreCase(score, one, nowSeconds)));
    if (options.predictions !== "") writeFileSync(options.predictions, `${answers.join("\n")}\n`);
    const shares = score.shares(["timestamp", "severity", "values", "valuesInRow", "valuesBesideTime", "message", "multilineExact", "multilineF1", "rejects"]);
    return { result: { ...shares, cases: cases.length }, passed: cases.length > 0 };
  },
});
