/**
 * Counters and gauges of one agent in Prometheus' text format. A closed table (METRICS) gives each
 * its type, labels and doc line; agent/docs/metrics.md is generated from it.
 */

export const METRICS = {
  obs_component_received_events_total: ["counter", "Rows made durable, by signal."],
  obs_component_sent_events_total: ["counter", "Rows that the backend has stored, by signal."],
  obs_component_discarded_events_total: ["counter", "Rows that will never be stored, by signal and reason: refused by the backend, dead-lettered, lost to a damaged buffer, or dropped by a policy (dropped_buffer_full, dropped_expired)."],
  obs_component_errors_total: ["counter", "Faults that were survived, by component and kind."],
  obs_lines_total: ["counter", "Lines read from files and pipes and made durable or found blank."],
  obs_lines_blank_total: ["counter", "Lines without any text; they make no record."],
  obs_lines_joined_total: ["counter", "Lines that went into the record of another line: stack traces and continued lines."],
  obs_rows_total: ["counter", "What the row pass did to rows and lines, by outcome (cut, masked, replaced bytes, ...)."],
  obs_source_total: ["counter", "What sources met, by event (rotation, truncation, unreadable file, ...)."],
  obs_source: ["gauge", "The state of sources, by name, such as files followed."],
  obs_buffer_bytes: ["gauge", "Bytes of disk that the buffer holds."],
  obs_buffer_max_bytes: ["gauge", "The buffer's budget; at this size sources wait, or rows are dropped, as configured."],
  obs_buffer_batches: ["gauge", "Batches waiting to be acknowledged."],
  obs_buffer_events: ["gauge", "Rows waiting to be acknowledged, by signal."],
  obs_buffer_acknowledged_batches: ["gauge", "Acknowledged batches kept for the case that the store starts anew without them."],
  obs_buffer_dead_letter_bytes: ["gauge", "Bytes in the dead-letter store."],
  obs_buffer_commits_total: ["counter", "Durable writes; one may hold several batches."],
  obs_conservation_gap: ["gauge", "records - (stored + refused + dropped + dead-lettered + buffered), by signal; anything but 0 is a fault."],
  obs_sender_deliveries_total: ["counter", "Deliveries, by outcome."],
  obs_sender_sent_bytes_total: ["counter", "Compressed bytes of acknowledged batches."],
  obs_sender_in_flight: ["gauge", "Batches under way to the backend."],
  obs_sender_backend_up: ["gauge", "1 after an acknowledgement, 0 while deliveries fail."],
  obs_agent_info: ["gauge", "Always 1; version, host and agent id as labels."],
  obs_agent_clock_skew_seconds: ["gauge", "By how much this host's clock is ahead of the backend's, when that is more than a second; else 0. Times made by the agent are corrected by it."],
  obs_agent_uptime_seconds: ["gauge", "Seconds since start."],
  process_cpu_seconds_total: ["counter", "CPU time of the agent."],
  process_resident_memory_bytes: ["gauge", "Resident memory of the agent."],
} as const satisfies Record<string, readonly [type: "counter" | "gauge", doc: string]>;

export type MetricName = keyof typeof METRICS;
export type MetricLabels = Readonly<Record<string, string>>;

/** What a part of the agent needs to count. */
export interface Counters {
  add(name: MetricName, labels: MetricLabels, by?: number): void;
  set(name: MetricName, labels: MetricLabels, value: number): void;
}

/** The same counters, with these labels on every series. */
export const withLabels = (counters: Counters, labels: MetricLabels): Counters => ({
  add: (name, more, by) => counters.add(name, { ...more, ...labels }, by),
  set: (name, more, value) => counters.set(name, { ...more, ...labels }, value),
});

const escaped = (value: string): string => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

const labelText = (labels: MetricLabels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
};

export class MetricsRegistry implements Counters {
  readonly #values = new Map<MetricName, Map<string, number>>();
  readonly #collectors: (() => void)[] = [];

  add(name: MetricName, labels: MetricLabels, by = 1): void {
    const series = this.#seriesOf(name);
    const key = labelText(labels);
    series.set(key, (series.get(key) ?? 0) + by);
  }

  set(name: MetricName, labels: MetricLabels, value: number): void {
    this.#seriesOf(name).set(labelText(labels), value);
  }

  /** Runs before each reading: for values that are cheaper to ask for than to keep. */
  onCollect(collect: () => void): void {
    this.#collectors.push(collect);
  }

  /** Prometheus text exposition format 0.0.4. */
  text(): string {
    for (const collect of this.#collectors) collect();
    let text = "";
    for (const [name, [type, doc]] of Object.entries(METRICS)) {
      const series = this.#values.get(name as MetricName);
      if (!series) continue;
      text += `# HELP ${name} ${doc}\n# TYPE ${name} ${type}\n`;
      for (const [labels, value] of series) text += `${name}${labels} ${value}\n`;
    }
    return text;
  }

  #seriesOf(name: MetricName): Map<string, number> {
    let series = this.#values.get(name);
    if (!series) this.#values.set(name, (series = new Map()));
    return series;
  }
}
