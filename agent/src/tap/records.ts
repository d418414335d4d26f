/** A sealed batch as the records that are in it: what a person sees who taps. */

import { decodeNative, type Stream } from "@obs/wire";
import type { TapRecord } from "./filter.ts";

const NS_PER_SECOND = 1_000_000_000n;

/** `2026-11-22T10:00:00.123456789Z` */
export const isoOfNs = (ns: bigint): string => {
  const fraction = ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  const seconds = new Date(Number((ns - fraction) / 1_000_000n)).toISOString();
  return `${seconds.slice(0, 19)}.${String(fraction).padStart(9, "0")}Z`;
};

/** Columns that only the protocol needs. */
const HIDDEN = new Set(["batch", "row"]);
const NS_COLUMNS = new Set(["logs timestamp", "logs observed", "spans timestamp", "exemplars timestamp"]);
const MS_COLUMNS = new Set(["samples timestamp", "histograms timestamp", "histograms start", "series first_seen", "series last_seen"]);

const readable = (column: string, value: unknown): unknown => {
  if (NS_COLUMNS.has(column)) return isoOfNs(value as bigint);
  if (MS_COLUMNS.has(column)) return new Date(Number(value)).toISOString();
  if (column === "spans event_time") return (value as bigint[]).map(isoOfNs);
  if (Array.isArray(value)) return value.map((one) => (typeof one === "bigint" ? String(one) : one));
  return typeof value === "bigint" ? String(value) : value;
};

/** `native`: the uncompressed body. Records are made one by one, so a reader may stop early. */
export function* recordsOf(stream: Stream, native: Uint8Array): Generator<TapRecord> {
  for (const { rows, columns } of decodeNative(native)) {
    const shown = Object.entries(columns).filter(([name]) => !HIDDEN.has(name));
    for (let row = 0; row < rows; row++) yield Object.fromEntries(shown.map(([name, values]) => [name, readable(`${stream} ${name}`, values[row])]));
  }
}
