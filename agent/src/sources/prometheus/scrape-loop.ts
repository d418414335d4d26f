/** Scrapes one target until it is told to stop. */

import { sleep, type Clock } from "../../core/clock.ts";
import type { MetricShard } from "../../core/contracts.ts";
import type { Log } from "../../core/log.ts";
import type { FetchPage } from "./fetch-page.ts";
import { PageError } from "./page.ts";
import { scrapeReport, type PageEvent, type PageFigures, type TargetSamples } from "./samples.ts";
import type { Target } from "./target.ts";

export type ScrapeEvent = PageEvent | "scrapes" | "scrapes_failed" | "pages_malformed";

export interface ScrapeDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: { add(event: ScrapeEvent, by?: number): void };
}

const NO_PAGE: Pick<PageFigures, "scraped" | "kept"> = { scraped: 0, kept: 0 };

/** While the shard pushes back, scrapes are left out rather than queued. */
export const scrapeLoop = async (target: Target, samples: TargetSamples, fetchPage: FetchPage, shard: MetricShard, deps: ScrapeDeps, signal: AbortSignal): Promise<void> => {
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
const scrape = async (target: Target, samples: TargetSamples, fetchPage: FetchPage, timestampMs: number, health: { isDown: boolean }, { log, counters }: ScrapeDeps, signal: AbortSignal): Promise<PageFigures["scrapes"] | undefined> => {
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
