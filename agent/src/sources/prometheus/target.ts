/** A target: what is asked, how often, and the labels that all of its samples have. */

import { xxHash64 } from "@obs/wire";
import type { PrometheusConfig, ScrapeConfig } from "../../config/metric-sources.ts";
import { formatDuration, parseDuration } from "../../config/units.ts";
import type { DiscoveredTarget } from "./discovery.ts";
import type { Relabel } from "./relabel.ts";

export interface Target {
  /** The same target has the same key. */
  readonly key: string;
  readonly url: URL;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Where in the interval it is scraped: targets are spread over it. */
  readonly offsetMs: number;
  /** `job`, `instance`, and what discovery and relabelling gave. */
  readonly labels: ReadonlyMap<string, string>;
  /** For samples that do not have these labels: `service` and `host`. */
  readonly defaults: ReadonlyMap<string, string>;
}

export type TargetDefaults = Pick<PrometheusConfig, "scrape_interval" | "scrape_timeout">;

const LOOPBACK = /^(localhost|127\.|\[::1\])/;

/** Undefined when relabelling drops it. Throws when what relabelling left is no address. */
export const targetOf = (discovered: DiscoveredTarget, config: ScrapeConfig, defaults: TargetDefaults, relabel: Relabel, host: string): Target | undefined => {
  const intervalMs = config.scrape_interval ?? defaults.scrape_interval;
  const labels = new Map(
    Object.entries({
      job: config.job_name,
      __scheme__: config.scheme,
      __metrics_path__: config.metrics_path,
      __scrape_interval__: formatDuration(intervalMs),
      __scrape_timeout__: formatDuration(Math.min(intervalMs, config.scrape_timeout ?? defaults.scrape_timeout)),
      ...Object.fromEntries(Object.entries(config.params).map(([name, values]) => [`__param_${name}`, values[0] ?? ""])),
      ...discovered,
    }).filter(([, value]) => value !== ""),
  );
  if (!relabel(labels)) return undefined;
  const url = urlOf(labels, config);
  const kept = new Map([...labels].filter(([name]) => !name.startsWith("__")).sort(([a], [b]) => (a < b ? -1 : 1)));
  if (!kept.has("instance")) kept.set("instance", labels.get("__address__")!);
  const everyMs = parseDuration(labels.get("__scrape_interval__") ?? "") ?? intervalMs;
  const timeoutMs = Math.min(everyMs, parseDuration(labels.get("__scrape_timeout__") ?? "") ?? everyMs);
  const key = JSON.stringify([url.href, everyMs, timeoutMs, [...kept]]);
  const weak = new Map([
    ["service", kept.get("job")!],
    ["host", LOOPBACK.test(url.host) ? host : url.hostname.replace(/^\[|\]$/g, "")],
  ]);
  return { key, url, intervalMs: everyMs, timeoutMs, offsetMs: Number(xxHash64(Buffer.from(host + key)) % BigInt(everyMs)), labels: kept, defaults: weak };
};

const urlOf = (labels: ReadonlyMap<string, string>, { params }: ScrapeConfig): URL => {
  const address = labels.get("__address__") ?? "";
  if (address === "" || /[/?#@\s]/.test(address)) throw new Error(`${JSON.stringify(address)} is no HOST:PORT`);
  const url = new URL(`${labels.get("__scheme__")}://${address}${labels.get("__metrics_path__") ?? "/metrics"}`);
  for (const [name, values] of Object.entries(params)) for (const value of values) url.searchParams.append(name, value);
  for (const [name, value] of labels) {
    if (!name.startsWith("__param_")) continue;
    const [, ...others] = url.searchParams.getAll(name.slice("__param_".length));
    url.searchParams.delete(name.slice("__param_".length));
    for (const each of [value, ...others]) url.searchParams.append(name.slice("__param_".length), each);
  }
  return url;
};
