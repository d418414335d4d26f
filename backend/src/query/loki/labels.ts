/**
 * A row of logs as Loki has an entry: a line, the few labels of its stream, and all else as structured metadata.
 *
 * Labels of streams are `service_name`, `service`, `host`, `environment` and `level`: every attribute as one would
 * make as many streams as there are rows. Matchers, filters and groupings take the names of metadata just as well.
 * Attributes stand under their names with `_` for what is neither letter nor digit (docs/logql.md).
 */

import { levelOf } from "@obs/wire";
import { param, sql, type Fragment } from "../../sql/sql.ts";
import type { LogRow } from "../log-rows.ts";
import { labelName, type EntrySource, type LabelPair } from "../logql/index.ts";

export const STREAM_LABELS = ["service_name", "service", "host", "environment", "level"] as const;
export type StreamLabel = (typeof STREAM_LABELS)[number];

export const UNKNOWN_SERVICE = "unknown_service";
export const UNKNOWN_LEVEL = "unknown";
/** Names that mean columns, whatever attributes there are: those stand under `attributes_<name>`. */
export const COLUMN_LABELS: ReadonlySet<string> = new Set<string>([...STREAM_LABELS, "detected_level", "trace_id", "span_id"]);
const APART = "attributes_";

export type EntryRow = Pick<LogRow, "batch" | "row" | "timestamp_ns" | "severity" | "service" | "host" | "environment" | "message" | "trace" | "span" | "weight" | "attributes">;

/** Columns of an EntryRow. */
export const ENTRY_COLUMNS = sql`batch, row, toUnixTimestamp64Nano(timestamp) AS timestamp_ns, severity, service, host, environment, message, lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span, weight, attributes`;

export const isStreamLabel = (name: string): name is StreamLabel => (STREAM_LABELS as readonly string[]).includes(name);

export const levelLabel = (severity: number): string => levelOf(severity).toLowerCase();

/** Of a stream's columns; what is empty is no label. */
export const streamLabels = ({ service, host, environment, severity }: Pick<EntryRow, "service" | "host" | "environment" | "severity">): LabelPair[] =>
  ([["service_name", service || UNKNOWN_SERVICE], ["service", service], ["host", host], ["environment", environment], ["level", levelLabel(severity)]] as const).filter(([, value]) => value !== "");

/** Under which label an attribute stands; "" for none. */
export const attributeLabel = (key: string): string => {
  const name = labelName(key);
  return COLUMN_LABELS.has(name) ? APART + name : name;
};

/** An attribute whose key is the label itself comes before others that become it, then the least key. */
const attributesOf = (attributes: Readonly<Record<string, string>>): LabelPair[] => {
  const keys = new Map<string, string>();
  for (const key of Object.keys(attributes)) {
    const name = attributeLabel(key);
    const known = keys.get(name);
    if (name !== "" && known !== name && (known === undefined || key === name || key < known)) keys.set(name, key);
  }
  return [...keys].map(([name, key]) => [name, attributes[key]!] as const).filter(([, value]) => value !== "");
};

const id = (name: string, hex: string): LabelPair[] => (/^0*$/.test(hex) ? [] : [[name, hex]]);

export const toEntry = (row: EntryRow): EntrySource => ({
  line: row.message,
  timestampNs: BigInt(row.timestamp_ns),
  // As the store has it: 0.1 is the Float32 nearest to it.
  weight: Math.fround(row.weight),
  stream: streamLabels(row),
  metadata: [["detected_level", levelLabel(row.severity) || UNKNOWN_LEVEL], ...id("trace_id", row.trace), ...id("span_id", row.span), ...attributesOf(row.attributes)],
});

// ---- the same in the store

const LEVEL = sql`multiIf(severity = 0, '', severity <= 4, 'trace', severity <= 8, 'debug', severity <= 12, 'info', severity <= 16, 'warn', severity <= 20, 'error', severity <= 24, 'fatal', '')`;

const COLUMNS: Readonly<Record<string, Fragment>> = {
  service_name: sql`if(service = '', ${param.string(UNKNOWN_SERVICE)}, toString(service))`,
  service: sql`toString(service)`,
  host: sql`toString(host)`,
  environment: sql`toString(environment)`,
  level: LEVEL,
  detected_level: sql`if(${LEVEL} = '', ${param.string(UNKNOWN_LEVEL)}, ${LEVEL})`,
  trace_id: sql`if(trace_id = toFixedString('', 16), '', lower(hex(trace_id)))`,
  span_id: sql`if(span_id = toFixedString('', 8), '', lower(hex(span_id)))`,
};

/** RE2 of keys that become a label: `_` stands for any one character that is no letter and no digit. */
const exact = (text: string): string => text.replaceAll("_", "[^a-zA-Z0-9]");
const keyRegex = (name: string): string => {
  const forms = [exact(name)];
  if (/^_\d/.test(name)) forms.push(exact(name.slice(1)));
  if (name.startsWith(APART) && COLUMN_LABELS.has(name.slice(APART.length))) forms.push(exact(name.slice(APART.length)));
  return `\\A(?:${forms.join("|")})\\z`;
};

/** A label's text, "" where there is none: what `toEntry` says of the row. */
export const labelText = (name: string): Fragment => {
  const column = Object.hasOwn(COLUMNS, name) ? COLUMNS[name] : undefined;
  if (column) return column;
  const key = param.string(name);
  // Without `_` no other key becomes it, and looking it up is far cheaper than looking at all keys.
  if (!name.includes("_")) return sql`attributes[${key}]`;
  return sql`if(mapContains(attributes, ${key}), attributes[${key}], attributes[arrayMin(arrayFilter(key -> match(key, ${param.string(keyRegex(name))}), arrayMap(key -> toString(key), mapKeys(attributes))))])`;
};
