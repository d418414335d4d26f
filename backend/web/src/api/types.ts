/** The shapes of the backend's answers, as the dashboard uses them. */

export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly details?: unknown };
}

export interface Session {
  readonly tenant: string;
  readonly scopes: readonly string[];
}

export interface LogRecord {
  /** `<batch>-<row>`: unique and stable, so it identifies a line in a shared address. */
  readonly id: string;
  /** RFC 3339 with nanoseconds, as are `observed` and `received`. */
  readonly timestamp: string;
  readonly observed: string;
  readonly received: string;
  readonly level: string;
  readonly severity: number;
  readonly service: string;
  readonly host: string;
  readonly environment: string;
  readonly message: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly pattern: string;
  readonly weight: number;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Histogram {
  readonly interval_ms: number;
  /** Timestamps are the start of the bucket in epoch milliseconds. */
  readonly buckets: readonly { readonly timestamp: number; readonly counts: Readonly<Record<string, number>> }[];
}

export interface LogSearchRequest {
  readonly query?: string;
  readonly time_range: { readonly start: string; readonly end: string };
  readonly size: number;
  readonly sort: readonly [{ readonly "@timestamp": "asc" | "desc" }];
  readonly search_after?: string;
  readonly histogram?: { readonly buckets: number };
}

export interface Completeness {
  /** Some lines stand for more than themselves; `estimated_total` counts those too. */
  readonly weights: boolean;
  /** The time budget ran out: the total is a lower bound and the histogram may be missing. */
  readonly partial: boolean;
  readonly estimated_total: number;
}

export interface LogSearchAnswer {
  readonly hits: { readonly total: number; readonly logs: readonly LogRecord[] };
  readonly next: string | null;
  readonly histogram?: Histogram;
  readonly took_ms: number;
  readonly completeness: Completeness;
}

export interface LogField {
  readonly name: string;
  readonly kind: "core" | "attribute";
  readonly count: number;
  readonly top: readonly { readonly value: string; readonly count: number }[];
}

export interface MetricSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Pairs of epoch seconds and value, in order of time. */
  readonly values: readonly (readonly [seconds: number, value: number])[];
}

export interface MetricAnswer {
  readonly metric: string;
  readonly step_seconds: number;
  readonly result: readonly MetricSeries[];
}

export interface Host {
  readonly host: string;
  /** RFC 3339: when its last sample was taken. */
  readonly last_seen: string;
}
