/**
 * What routes may ask of the query layer. Requests arrive as they were sent (`unknown`): the query
 * layer owns their schemas and names every problem of one in a single `invalid_request`.
 */

export interface LogHit {
  /** `<batch>-<row>`: unique and stable. */
  readonly id: string;
  /** ISO 8601 with nine fractional digits, UTC. */
  readonly timestamp: string;
  readonly observed: string;
  /** ISO 8601 with three fractional digits. */
  readonly received: string;
  /** "" when the severity is unspecified. */
  readonly level: string;
  readonly severity: number;
  readonly service: string;
  readonly host: string;
  readonly environment: string;
  readonly message: string;
  /** Lower-case hex, "" = none. */
  readonly trace_id: string;
  readonly span_id: string;
  /** Decimal; "0" = none. */
  readonly pattern: string;
  readonly weight: number;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Histogram {
  readonly interval_ms: number;
  /** Every bucket of the range, empty ones too. `timestamp` is the start, ms since 1970. */
  readonly buckets: readonly { readonly timestamp: number; readonly counts: Readonly<Record<string, number>> }[];
}

export interface Completeness {
  /** Some rows stand for more than themselves: `estimated_total` is the sum of their weights. */
  readonly weights: boolean;
  /** The time budget ended first: `total` is a lower bound, and the histogram may be missing. */
  readonly partial: boolean;
  readonly estimated_total: number;
}

export interface LogSearchAnswer {
  readonly hits: { readonly total: number; readonly logs: readonly LogHit[] };
  /** Hand it back as `search_after` for the page that follows; null when this was the last one. */
  readonly next: string | null;
  readonly histogram?: Histogram;
  readonly took_ms: number;
  readonly completeness: Completeness;
}

export interface LogField {
  readonly name: string;
  readonly kind: "core" | "attribute";
  /** Rows of the sample that have it. */
  readonly count: number;
  readonly top: readonly { readonly value: string; readonly count: number }[];
}

export interface LogFieldsAnswer {
  /** Newest rows looked at. */
  readonly sampled_rows: number;
  readonly fields: readonly LogField[];
}

export interface MetricRangeAnswer {
  readonly metric: string;
  readonly fn: string;
  readonly step_seconds: number;
  readonly result: readonly {
    readonly labels: Readonly<Record<string, string>>;
    /** `[seconds since 1970, value]`, only where there is a value. */
    readonly values: readonly (readonly [number, number])[];
  }[];
  readonly took_ms: number;
}

export interface MetricNamesAnswer {
  readonly metrics: readonly { readonly name: string; readonly kind: string; readonly unit: string; readonly series: number }[];
}

export interface MetricLabelsAnswer {
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

export interface HostsAnswer {
  /** Newest first; `last_seen` is ISO 8601. */
  readonly hosts: readonly { readonly host: string; readonly last_seen: string }[];
}

export interface Span {
  /** Lower-case hex; `parent_span_id` of a root is "". */
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly name: string;
  /** internal, server, client, producer, consumer; "" when unspecified. */
  readonly kind: string;
  /** ISO 8601 with nine fractional digits, UTC. */
  readonly start: string;
  readonly duration_ns: string;
  /** unset, ok, error. */
  readonly status: string;
  readonly status_message: string;
  readonly service: string;
  readonly host: string;
  readonly environment: string;
  readonly scope: string;
  readonly weight: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly events: readonly { readonly time: string; readonly name: string; readonly attributes: Readonly<Record<string, string>> }[];
  readonly links: readonly { readonly trace_id: string; readonly span_id: string; readonly attributes: Readonly<Record<string, string>> }[];
}

export interface TraceAnswer {
  readonly trace_id: string;
  /** By start. */
  readonly spans: readonly Span[];
  /** The trace has more spans than are told. */
  readonly cut: boolean;
}

/** One method per address. Throws ApiError. */
export interface Queries {
  searchLogs(tenant: string, body: unknown, signal?: AbortSignal): Promise<LogSearchAnswer>;
  logFields(tenant: string, query: unknown, signal?: AbortSignal): Promise<LogFieldsAnswer>;
  metricRange(tenant: string, query: unknown, signal?: AbortSignal): Promise<MetricRangeAnswer>;
  metricNames(tenant: string, query: unknown, signal?: AbortSignal): Promise<MetricNamesAnswer>;
  metricLabels(tenant: string, query: unknown, signal?: AbortSignal): Promise<MetricLabelsAnswer>;
  trace(tenant: string, traceId: string, signal?: AbortSignal): Promise<TraceAnswer>;
  hosts(tenant: string, query: unknown, signal?: AbortSignal): Promise<HostsAnswer>;
}
