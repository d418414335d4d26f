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

export type MetricKind = "gauge" | "counter" | "updown";

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
