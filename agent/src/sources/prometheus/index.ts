/** The Prometheus source: scrapes the targets of its jobs. What it needs is loaded when it has any. */

import type { PrometheusConfig } from "../../config/metric-sources.ts";
import type { MetricShard, Source } from "../../core/contracts.ts";
import type { PrometheusDeps } from "./job.ts";

export type { PrometheusDeps, PrometheusEvent } from "./job.ts";

export const createPrometheusSource = (config: PrometheusConfig, shard: MetricShard, deps: PrometheusDeps): Source => {
  const stopping = new AbortController();
  let running: Promise<unknown> | undefined;
  return {
    name: "prometheus",
    async start() {
      if (running || config.scrape_configs.length === 0) return;
      const { runJobs } = await import("./job.ts");
      running ??= runJobs(config, shard, deps, stopping.signal);
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
};
