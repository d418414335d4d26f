/** Jobs: each with its discoveries, and a loop per target. */

import type { PrometheusConfig, ScrapeConfig } from "../../config/metric-sources.ts";
import type { Clock } from "../../core/clock.ts";
import type { MetricShard } from "../../core/contracts.ts";
import type { Log } from "../../core/log.ts";
import { discoveriesOf, type DiscoveredTarget, type DiscoveryDeps, type Resolver } from "./discovery.ts";
import { createFetchPage, dispatcherOf } from "./fetch-page.ts";
import { Clusters } from "./kubernetes/clusters.ts";
import { kubernetesDiscovery } from "./kubernetes/index.ts";
import { compileRelabel } from "./relabel.ts";
import { TargetSamples } from "./samples.ts";
import { scrapeLoop, type ScrapeEvent } from "./scrape-loop.ts";
import { TargetLoops } from "./target-loops.ts";
import { targetOf, type Target } from "./target.ts";

export type PrometheusEvent = ScrapeEvent | "discovery_errors" | "targets_malformed";

export interface PrometheusDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Label `host` of targets on this host. */
  readonly host: string;
  readonly counters: { add(event: PrometheusEvent, by?: number): void };
  readonly resolver?: Resolver;
}

/** Runs until the signal aborts; resolves when nothing of it is under way any more. */
export const runJobs = async (config: PrometheusConfig, shard: MetricShard, deps: PrometheusDeps, signal: AbortSignal): Promise<void> => {
  const { clock, log, counters } = deps;
  const clusters = new Clusters({ clock, log, countError: () => counters.add("discovery_errors") }, signal);
  await Promise.all(config.scrape_configs.map((job) => runJob(job, config, shard, clusters, deps, signal).catch((error: unknown) => log.error("a job cannot be scraped", { job: job.job_name, error }))));
  await clusters.close();
};

const runJob = async (config: ScrapeConfig, defaults: PrometheusConfig, shard: MetricShard, clusters: Clusters, deps: PrometheusDeps, signal: AbortSignal): Promise<void> => {
  const { clock, log, host, counters, resolver } = deps;
  const relabelTarget = compileRelabel(config.relabel_configs);
  const relabelSample = compileRelabel(config.metric_relabel_configs);
  const dispatcher = dispatcherOf(config);
  const fetchPage = createFetchPage(config, dispatcher);
  const discovering: DiscoveryDeps = { clock, log, countError: () => counters.add("discovery_errors"), ...(resolver && { resolver }) };
  const discoveries = [...discoveriesOf(config, discovering), ...config.kubernetes_sd_configs.map((each) => kubernetesDiscovery(each, clusters, discovering))];

  const makeTarget = (discovered: DiscoveredTarget): Target | undefined => {
    try {
      return targetOf(discovered, config, defaults, relabelTarget, host);
    } catch (error) {
      counters.add("targets_malformed");
      log.warn("a target has no usable address", { job: config.job_name, error });
      return undefined;
    }
  };

  const loops = new TargetLoops((target, stopping) => scrapeLoop(target, new TargetSamples(target, config, relabelSample, (event, by) => counters.add(event, by)), fetchPage, shard, deps, stopping));
  signal.addEventListener("abort", () => loops.stop(), { once: true });
  await Promise.all(
    discoveries.map((discovery, index) =>
      discovery.run(signal, (groups) => {
        for (const [name, discovered] of groups) loops.put(`${index} ${name}`, discovered.flatMap((each) => makeTarget(each) ?? []));
      }),
    ),
  );
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  await loops.ended();
  await dispatcher.close();
};
