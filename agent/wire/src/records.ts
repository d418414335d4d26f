/** Rows as objects: what the slow paths (JSON doors, tests, `buffer dump`) work with. */

export interface LogRecord {
  /** ns since 1970. */
  timestamp: bigint;
  /** ns since 1970: when obs first saw it. */
  observed: bigint;
  /** OTel severity number, 0 = unspecified. */
  severity: number;
  service: string;
  host: string;
  environment: string;
  message: string;
  /** 32 lower-case hex digits, or "". */
  traceId: string;
  /** 16 lower-case hex digits, or "". */
  spanId: string;
  /** 0n = none. */
  pattern: bigint;
  /** 1 / probability of being kept. */
  weight: number;
  /** Flattened: dotted paths to text. */
  attributes: Record<string, string>;
}

/** A span of OpenTelemetry's trace model. Times are ns since 1970, ids lower-case hex. */
export interface SpanRecord {
  timestamp: bigint;
  /** ns. */
  duration: bigint;
  traceId: string;
  spanId: string;
  /** "" of a root. */
  parentSpanId: string;
  /** W3C, as it came. */
  traceState: string;
  name: string;
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  /** 0 unset, 1 ok, 2 error. */
  status: number;
  statusMessage: string;
  service: string;
  host: string;
  environment: string;
  /** Name and version of the instrumentation. */
  scope: string;
  scopeVersion: string;
  /** 1 / probability of being kept. */
  weight: number;
  attributes: Record<string, string>;
  events: readonly { readonly time: bigint; readonly name: string; readonly attributes: Readonly<Record<string, string>> }[];
  links: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: Readonly<Record<string, string>> }[];
}

/**
 * A point of a histogram. Exponential: bucket i of `counts` holds (base^(offset+i), base^(offset+i+1)],
 * base = 2^(2^-scale). With bounds of its own (`scale` is CUSTOM_BOUNDS): bucket i of `positiveCounts` holds
 * (bounds[i-1], bounds[i]], the last one what is above all; offsets and zero count are 0.
 */
export interface HistogramPoint {
  metric: string;
  series: bigint;
  /** ms since 1970. */
  timestamp: number;
  /** 0 = not known. */
  start: number;
  /** 1 delta, 2 cumulative. */
  temporality: number;
  count: bigint;
  /** NaN, as min and max: not told. */
  sum: number;
  min: number;
  max: number;
  scale: number;
  zeroCount: bigint;
  zeroThreshold: number;
  positiveOffset: number;
  positiveCounts: readonly bigint[];
  negativeOffset: number;
  negativeCounts: readonly bigint[];
  /** Ascending, finite; empty of an exponential histogram. */
  bounds: readonly number[];
}

/** A measurement that stands for others of its series, with the span in which it was taken. */
export interface ExemplarRecord {
  metric: string;
  series: bigint;
  /** ns since 1970. */
  timestamp: bigint;
  value: number;
  /** Lower-case hex digits, or "". */
  traceId: string;
  spanId: string;
  /** Those that the series does not have. */
  attributes: Readonly<Record<string, string>>;
}

export type MetricKind = "gauge" | "counter" | "updown" | "histogram";

export interface MetricSample {
  metric: string;
  /** Series id: see series-id.ts. */
  series: bigint;
  /** ms since 1970. */
  timestamp: number;
  value: number;
}

export interface MetricSeries {
  metric: string;
  series: bigint;
  labels: Record<string, string>;
  kind: MetricKind;
  /** UCUM, as OpenTelemetry writes it: `By`, `s`, `1`. */
  unit: string;
  help: string;
  /** ms since 1970. */
  firstSeen: number;
  lastSeen: number;
}
