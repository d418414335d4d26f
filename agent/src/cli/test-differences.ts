/** What a record should have been, what it is, and the difference in words. */

import { levelOf } from "@obs/wire";
import { z } from "../core/zod.ts";
import type { TapRecord } from "../tap/filter.ts";

const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** Only fields that are named are compared; null: not there. */
export const expectedRecord = z.strictObject({
  timestamp: z.string().nullish(),
  severity: z.union([z.number(), z.string()]).nullish(),
  service: z.string().nullish(),
  host: z.string().nullish(),
  environment: z.string().nullish(),
  message: z.string().nullish(),
  trace_id: z.string().nullish(),
  span_id: z.string().nullish(),
  attributes: z.record(z.string(), scalar.nullable()).optional(),
});

export type ExpectedRecord = z.output<typeof expectedRecord>;

export interface Difference {
  /** Such as `record 2, attributes.status`. */
  readonly at: string;
  readonly expected: string;
  readonly found: string;
}

const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/;

/** To the nanosecond and in UTC, however it is written. */
const timeText = (text: string): string => {
  const [, seconds, fraction = ""] = ISO.exec(text) ?? [];
  if (seconds !== undefined) return `${seconds}.${fraction.padEnd(9, "0")}Z`;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? text : `${new Date(ms).toISOString().slice(0, -1)}000000Z`;
};

const NOTHING = "(nothing)";
const shown = (value: unknown): string => (value === undefined || value === null || value === "" ? NOTHING : typeof value === "string" ? value : JSON.stringify(value));

const comparable = (name: string, value: unknown): string => {
  if (name === "timestamp" && typeof value === "string") return timeText(value);
  // A name stands for its whole range of four, as it would be shown.
  if (name === "severity") return typeof value === "number" ? String(value) : String(value ?? "").toUpperCase();
  return value === undefined || value === null ? "" : String(value);
};

const foundFor = (name: string, wanted: unknown, found: unknown): unknown => (name === "severity" && typeof wanted === "string" ? levelOf(Number(found)) : name === "severity" && wanted === null && found === 0 ? undefined : found);

const compareField = (at: string, name: string, wanted: unknown, found: unknown): Difference[] => {
  const actual = foundFor(name, wanted, found);
  return comparable(name, wanted) === comparable(name, actual) ? [] : [{ at: `${at}, ${name}`, expected: shown(wanted), found: shown(actual) }];
};

const compareRecord = (at: string, { attributes, ...fields }: ExpectedRecord, record: TapRecord): Difference[] => [
  ...Object.entries(fields).flatMap(([name, wanted]) => compareField(at, name, wanted, record[name])),
  ...Object.entries(attributes ?? {}).flatMap(([name, wanted]) => {
    const all = record.attributes as Readonly<Record<string, string>>;
    const found = Object.hasOwn(all, name) ? all[name] : undefined;
    const isEqual = wanted === null ? found === undefined : found === String(wanted);
    return isEqual ? [] : [{ at: `${at}, attributes.${name}`, expected: shown(wanted), found: shown(found) }];
  }),
];

export const differencesOf = (expected: readonly ExpectedRecord[], records: readonly TapRecord[]): Difference[] => {
  const differences = expected.flatMap((wanted, index) => {
    const record = records[index];
    return record ? compareRecord(`record ${index + 1}`, wanted, record) : [{ at: `record ${index + 1}`, expected: JSON.stringify(wanted), found: NOTHING }];
  });
  const unexpected = records.slice(expected.length).map((record, index) => ({ at: `record ${expected.length + index + 1}`, expected: NOTHING, found: JSON.stringify(record) }));
  return [...differences, ...unexpected];
};
