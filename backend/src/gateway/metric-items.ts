/** Items of `POST /api/v1/metrics/ingest` to points of the pipeline. */

import type { MetricKind } from "@obs/wire";
import * as z from "zod";
import { RefusedItem } from "./item-errors.ts";
import { checkWindow, readTimestamp, type TimeWindow } from "./timestamps.ts";

export interface MetricPoint {
  readonly metric: string;
  readonly labels: Record<string, string>;
  readonly kind: MetricKind;
  readonly unit: string;
  readonly value: number;
  readonly timestampMs: number;
}

const MAX_TAGS = 64;

const METRIC_ITEM = z.strictObject({
  name: z.string().min(1).max(256),
  value: z.union([z.number(), z.bigint().transform(Number)]),
  timestamp: z.unknown().optional(),
  tags: z.record(z.string().min(1).max(256), z.union([z.string().max(1024), z.number(), z.boolean(), z.bigint()])).optional(),
  type: z.enum(["gauge", "counter", "updown"]).default("gauge"),
  unit: z.string().max(64).default(""),
});

const NAME = /^[a-z_][a-z0-9_.]*$/;

/**
 * Lower case and dots (the seed's rule): runs of other characters than letters, digits and `_`
 * become one dot. `_` stays, because OpenTelemetry's names have it (`load_average`).
 */
export const normaliseMetricName = (name: string): string => {
  const normal = name
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, ".")
    .replace(/^\.|\.$/g, "");
  if (!NAME.test(normal)) throw new RefusedItem("invalid_item", `name: "${name}" is not a metric's name (letters, digits, "_" and "."; a letter first)`);
  return normal;
};

/** The first fault of an item, by name. */
const fault = ({ issues: [issue] }: z.ZodError): string => {
  if (issue?.code === "unrecognized_keys") return `${issue.keys.join(", ")}: unknown key`;
  const path = issue?.path.join(".") ?? "";
  return path === "" ? "an item must be an object" : `${path}: ${issue!.message}`;
};

/** One item; `common` are the labels of the whole request. Throws RefusedItem. */
export const readMetricItem =
  (receivedMs: number, window: TimeWindow, common: Readonly<Record<string, string>>) =>
  (item: unknown): MetricPoint => {
    const parsed = METRIC_ITEM.safeParse(item);
    if (!parsed.success) throw new RefusedItem("invalid_item", fault(parsed.error));
    const { name, value, timestamp, tags = {}, type, unit } = parsed.data;
    const entries = Object.entries(tags);
    if (entries.length > MAX_TAGS) throw new RefusedItem("invalid_item", `tags: at most ${MAX_TAGS} are taken`);
    const ns = timestamp === undefined || timestamp === null ? BigInt(receivedMs) * 1_000_000n : readTimestamp(timestamp);
    checkWindow(ns, window);
    return {
      metric: normaliseMetricName(name),
      labels: { ...common, ...Object.fromEntries(entries.map(([tag, text]) => [tag, String(text)])) },
      kind: type,
      unit,
      value,
      timestampMs: Number(ns / 1_000_000n),
    };
  };
