/** `GET /api/v1/traces/:id`: the spans of one trace. */

import type { Span, TraceAnswer } from "../core/queries.ts";
import type { Store } from "../core/store.ts";
import { ApiError } from "../errors.ts";
import { param, sql, type TenantScope } from "../sql/sql.ts";
import { formatNs } from "./time.ts";

/** A trace with more is a fault of its program; the first ones tell of it. */
const MAX_SPANS = 10_000;
const TRACE_ID = /^[\da-f]{32}$/;
const KINDS = ["", "internal", "server", "client", "producer", "consumer"];
const STATUSES = ["unset", "ok", "error"];

type Attributes = Readonly<Record<string, string>>;

interface SpanRow extends Pick<Span, "name" | "status_message" | "service" | "host" | "environment" | "scope" | "weight" | "attributes"> {
  readonly span: string;
  readonly parent: string;
  readonly kind: number;
  readonly status: number;
  readonly start_ns: string;
  readonly duration: string;
  readonly event_ns: readonly string[];
  readonly event_name: readonly string[];
  readonly event_attributes: readonly Attributes[];
  readonly link_trace: readonly string[];
  readonly link_span: readonly string[];
  readonly link_attributes: readonly Attributes[];
}

/** Throws ApiError: invalid_request, not_found. */
export const readTrace = async (store: Store, scope: TenantScope, id: string, signal?: AbortSignal): Promise<TraceAnswer> => {
  const traceId = id.toLowerCase();
  if (!TRACE_ID.test(traceId)) throw new ApiError("invalid_request", "A trace id has 32 hex digits.");
  const rows = await store.read<SpanRow>(
    scope.statement(sql`
      SELECT lower(hex(span_id)) AS span, lower(hex(parent_span_id)) AS parent, name, kind, status, status_message, service, host, environment, scope, weight, attributes,
        toString(toUnixTimestamp64Nano(timestamp)) AS start_ns, toString(duration) AS duration,
        arrayMap(time -> toString(toUnixTimestamp64Nano(time)), event_time) AS event_ns, event_name, event_attributes,
        arrayMap(one -> lower(hex(one)), link_trace_id) AS link_trace, arrayMap(one -> lower(hex(one)), link_span_id) AS link_span, link_attributes
      ${scope.from("spans")} AND trace_id = unhex(${param.string(traceId)}) ORDER BY timestamp, span_id LIMIT ${param.uint32(MAX_SPANS + 1)}`),
    { ...(signal && { signal }) },
  );
  if (rows.length === 0) throw new ApiError("not_found", `There is no span of trace ${traceId}.`);
  return { trace_id: traceId, spans: rows.slice(0, MAX_SPANS).map(toSpan), cut: rows.length > MAX_SPANS };
};

const idOf = (hex: string): string => (/^0*$/.test(hex) ? "" : hex);

const toSpan = (row: SpanRow): Span => {
  const { name, status_message, service, host, environment, scope, weight, attributes } = row;
  return {
    span_id: row.span, parent_span_id: idOf(row.parent), name, kind: KINDS[row.kind] ?? "", start: formatNs(BigInt(row.start_ns)), duration_ns: row.duration,
    status: STATUSES[row.status] ?? "unset", status_message, service, host, environment, scope, weight, attributes,
    events: row.event_ns.map((ns, index) => ({ time: formatNs(BigInt(ns)), name: row.event_name[index]!, attributes: row.event_attributes[index]! })),
    links: row.link_trace.map((trace_id, index) => ({ trace_id, span_id: row.link_span[index]!, attributes: row.link_attributes[index]! })),
  }; // prettier-ignore
};
