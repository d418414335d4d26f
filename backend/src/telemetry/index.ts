/** The backend's own counters, as Prometheus reads them. */

import type { MetricLabels, Telemetry } from "../core/telemetry.ts";
import { METRICS } from "./metrics.ts";

const escaped = (value: string): string => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

const labelText = (labels: MetricLabels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
};

export const createTelemetry = (version: string): Telemetry => {
  const values = new Map<string, Map<string, number>>();
  const collectors: (() => void | Promise<void>)[] = [];

  const seriesOf = (name: string): Map<string, number> => {
    if (!Object.hasOwn(METRICS, name)) throw new Error(`BUG: no metric "${name}" in telemetry/metrics.ts`);
    let series = values.get(name);
    if (!series) values.set(name, (series = new Map()));
    return series;
  };

  const add: Telemetry["add"] = (name, labels, by = 1) => {
    const series = seriesOf(name);
    const key = labelText(labels);
    series.set(key, (series.get(key) ?? 0) + by);
  };
  const set: Telemetry["set"] = (name, labels, value) => void seriesOf(name).set(labelText(labels), value);

  set("obs_backend_info", { version }, 1);
  set("process_start_time_seconds", {}, Math.round(performance.timeOrigin / 1000));
  collectors.push(() => {
    const { user, system } = process.cpuUsage();
    set("process_cpu_seconds_total", {}, (user + system) / 1e6);
    set("process_resident_memory_bytes", {}, process.memoryUsage.rss());
  });

  return {
    add,
    set,
    onCollect: (collect) => void collectors.push(collect),
    async text() {
      for (const collect of collectors) await collect();
      let text = "";
      for (const [name, [type, doc]] of Object.entries(METRICS)) {
        const series = values.get(name);
        if (!series) continue;
        text += `# HELP ${name} ${doc}\n# TYPE ${name} ${type}\n`;
        for (const [labels, value] of series) text += `${name}${labels} ${value}\n`;
      }
      return text;
    },
  };
};

export { countDelivery } from "./count-delivery.ts";
export { countRequests } from "./count-requests.ts";
export { watch } from "./watch.ts";
