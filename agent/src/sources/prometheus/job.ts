/** One job: its discoveries, and a loop per target. */

import type { PrometheusConfig, ScrapeConfig } from "../../config/metric-sources.ts";
import { sleep, type Clock } from "../../core/clock.ts";
import type { MetricShard } from "../../core/contracts.ts";
import type { Log } from "../../core/log.ts";
import { discoveriesOf, watch, type DiscoveredTarget, type Resolver } from "./discovery.ts";
import { createFetchPage, dispatcherOf, type FetchPage } from "./fetch-page.ts";
import { PageError } from "./page.ts";
import { compileRelabel } from "./relabel.ts";
import { scrapeReport, TargetSamples, type PageEvent, type PageFigures } from "./samples.ts";
import { targetOf, type Target } from "./target.ts";

export type PrometheusEvent = PageEvent | "scrapes" | "scrapes_failed" | "pages_malformed" | "discovery_errors" | "targets_malformed";

export interface PrometheusDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Label `host` of targets on this host. */
  readonly host: string;
  readonly counters: { add(event: PrometheusEvent, by?: number): void };
  readonly resolver?: Resolver;
}

interface Loop {
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

const NO_PAGE: Pick<PageFigures, "scraped" | "kept"> = { scraped: 0, kept: 0 };

/** Runs until the signal aborts; resolves when nothing of it is under way any more. */
export const runJob = async (config: ScrapeConfig, defaults: PrometheusConfig, shard: MetricShard, deps: PrometheusDeps, signal: AbortSignal): Promise<void> => {
  const { clock, log, host, counters } = deps;
  const relabelTarget = compileRelabel(config.relabel_configs);
  const relabelSample = compileRelabel(config.metric_relabel_configs);
  const dispatcher = dispatcherOf(config);
  const fetchPage = createFetchPage(config, dispatcher);
  const discoveries = discoveriesOf(config, { clock, log, countError: () => counters.add("discovery_errors"), ...(deps.resolver && { resolver: deps.resolver }) });
  const found = discoveries.map((): readonly DiscoveredTarget[] => []);
  const loops = new Map<string, Loop>();
  const ending: Promise<void>[] = [];

  const makeTarget = (discovered: DiscoveredTarget): Target | undefined => {
    try {
      return targetOf(discovered, config, defaults, relabelTarget, host);
    } catch (error) {
      counters.add("targets_malformed");
      log.warn("a target has no usable address", { job: config.job_name, error });
      return undefined;
    }
  };

  const sync = (): void => {
    const targets = new Map(found.flatMap((list) => list.map(makeTarget)).flatMap((target) => (target ? [[target.key, target]] : [])));
    for (const [key, { stop, done }] of loops) {
      if (targets.has(key)) continue;
      stop.abort();
      ending.push(done);
      loops.delete(key);
    }
    for (const [key, target] of targets) {
      if (loops.has(key)) continue;
      const stop = new AbortController();
      const samples = new TargetSamples(target, config, relabelSample, (event, by) => counters.add(event, by));
      loops.set(key, { stop, done: scrapeLoop(target, samples, fetchPage, shard, deps, AbortSignal.any([stop.signal, signal])) });
    }
  };

  await Promise.all(
    discoveries.map((discovery, index) =>
      watch(discovery, clock, signal, (targets) => {
        found[index] = targets;
        sync();
      }),
    ),
  );
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  await Promise.all([...ending, ...[...loops.values()].map(({ done }) => done)]);
  await dispatcher.close();
};

/** While the shard pushes back, scrapes are left out rather than queued. */
const scrapeLoop = async (target: Target, samples: TargetSamples, fetchPage: FetchPage, shard: MetricShard, deps: PrometheusDeps, signal: AbortSignal): Promise<void> => {
  const { clock, log } = deps;
  const { intervalMs, offsetMs } = target;
  const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  const health = { isDown: false };
  while (!signal.aborted) {
    const dueMs = (Math.floor((clock.nowMs() - offsetMs) / intervalMs) + 1) * intervalMs + offsetMs;
    while (clock.nowMs() < dueMs && !signal.aborted) await sleep(clock, dueMs - clock.nowMs(), signal);
    await shard.ready(signal);
    if (signal.aborted) return;
    const scraped = await scrape(target, samples, fetchPage, clock.nowMs(), health, deps, signal);
    if (!scraped || signal.aborted) return;
    await Promise.race([shard.observe(scraped).catch((error: unknown) => log.warn("one scrape is lost", { error })), stopped]);
  }
};

/** Undefined when it was broken off. */
const scrape = async (target: Target, samples: TargetSamples, fetchPage: FetchPage, timestampMs: number, health: { isDown: boolean }, { log, counters }: PrometheusDeps, signal: AbortSignal): Promise<PageFigures["scrapes"] | undefined> => {
  const startedMs = performance.now();
  let figures: PageFigures | undefined;
  counters.add("scrapes");
  try {
    const { text, format } = await fetchPage(target, signal);
    figures = samples.read(text, format, timestampMs);
  } catch (error) {
    if (signal.aborted) return undefined;
    counters.add("scrapes_failed");
    if (error instanceof PageError) counters.add("pages_malformed");
    const { labels } = target;
    // Once per outage: `up` tells of every scrape.
    if (!health.isDown) log.warn("a target cannot be scraped", { job: labels.get("job"), instance: labels.get("instance"), error });
  }
  health.isDown = figures === undefined;
  const report = scrapeReport(target, figures !== undefined, (performance.now() - startedMs) / 1_000, figures ?? NO_PAGE);
  const scrapes = figures?.scrapes ?? [];
  const now = scrapes.find((other) => other.timestampMs === timestampMs);
  return [...scrapes.filter((other) => other !== now), { timestampMs, observations: [...(now?.observations ?? []), ...report] }];
};
