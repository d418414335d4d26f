/** What parts of the backend count. The closed table of names is telemetry/metrics.ts. */

export type MetricLabels = Readonly<Record<string, string>>;

export interface Telemetry {
  add(name: string, labels: MetricLabels, by?: number): void;
  set(name: string, labels: MetricLabels, value: number): void;
  /** Runs before each reading: for values that are cheaper to ask for than to keep. */
  onCollect(collect: () => void | Promise<void>): void;
  /** Prometheus text exposition format 0.0.4. */
  text(): Promise<string>;
}
