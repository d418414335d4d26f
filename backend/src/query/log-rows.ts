/** A row of `logs` as the store gives it, and as a search hands it out. */

import { levelOf } from "@obs/wire";
import type { LogHit } from "../core/queries.ts";
import { sql, type Fragment } from "../sql/sql.ts";
import type { LogPosition } from "./log-cursor.ts";
import { rowId } from "./row-id.ts";
import { formatNs } from "./time.ts";

export interface LogRow {
  readonly batch: string;
  readonly row: number;
  readonly timestamp_ns: string;
  readonly observed_ns: string;
  readonly received_ms: string;
  readonly severity: number;
  readonly service: string;
  readonly host: string;
  readonly environment: string;
  readonly message: string;
  readonly trace: string;
  readonly span: string;
  readonly pattern: string;
  readonly weight: number;
  readonly attributes: Record<string, string>;
}

/** What `LogRow` is read from. */
export const LOG_COLUMNS: Fragment = sql`batch, row, toUnixTimestamp64Nano(timestamp) AS timestamp_ns, toUnixTimestamp64Nano(observed) AS observed_ns,
      toUnixTimestamp64Milli(received) AS received_ms, severity, service, host, environment, message,
      lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span, pattern, weight, attributes`;

export const positionOf = ({ timestamp_ns, batch, row }: Pick<LogRow, "timestamp_ns" | "batch" | "row">): LogPosition => ({ timestampNs: BigInt(timestamp_ns), batch: BigInt(batch), row });

const idText = (hex: string): string => (/^0*$/.test(hex) ? "" : hex);

export const toHit = (row: LogRow): LogHit => ({
  id: rowId(positionOf(row)),
  timestamp: formatNs(BigInt(row.timestamp_ns)),
  observed: formatNs(BigInt(row.observed_ns)),
  received: new Date(Number(row.received_ms)).toISOString(),
  level: levelOf(row.severity),
  severity: row.severity,
  service: row.service,
  host: row.host,
  environment: row.environment,
  message: row.message,
  trace_id: idText(row.trace),
  span_id: idText(row.span),
  pattern: row.pattern,
  weight: row.weight,
  attributes: row.attributes,
});
