/** Options of the sources of metrics that others send or show: StatsD, Prometheus scrapes, OTLP. */

import { RE2JS } from "re2js";
import { z } from "../core/zod.ts";
import { authorization, basicAuth, tlsConfig } from "./http-client.ts";
import { kubernetesDiscovery } from "./kubernetes-discovery.ts";
import { count, duration, flag, listenAddress, size, text } from "./option-types.ts";

export const statsdSchema = z
  .strictObject({
    enabled: flag().prefault(false).describe("Whether StatsD and DogStatsD datagrams are received."),
    listen: listenAddress.prefault("127.0.0.1:8125").describe("UDP address to receive them at."),
    flush_interval: duration("1s").prefault("10s").describe("Time between two flushes: each series gives one sample per flush."),
    forget_after: duration("1m").prefault("10m").describe("A series that was not heard of for so long is no longer sent; a counter begins at 0 again after that."),
    max_series: count(1, 1_000_000).prefault(50_000).describe("Series kept at one time; what belongs to others is dropped and counted."),
    receive_buffer: size("4KB").prefault("4MB").describe("Receive buffer asked of the kernel, which gives `net.core.rmem_max` at most."),
    service: z.string().min(1).prefault("statsd").describe("Label `service` of metrics without such a tag."),
  })
  .prefault({})
  .describe("StatsD over UDP: counters, gauges, timers, histograms, distributions, sets, with DogStatsD's tags.");

export type StatsdConfig = z.output<typeof statsdSchema>;

export const RELABEL_ACTIONS = ["replace", "keep", "drop", "keepequal", "dropequal", "hashmod", "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase"] as const;

const regexFault = (regex: string): string | undefined => {
  try {
    RE2JS.compile(regex);
    return undefined;
  } catch (error) {
    return `not an RE2 expression: ${(error as Error).message}`;
  }
};

const relabelConfigs = z
  .array(
    z
      .strictObject({
        source_labels: z.array(z.string()).prefault([]).describe("Labels whose values are joined."),
        separator: z.string().prefault(";").describe("What they are joined with."),
        target_label: z.string().optional().describe("Label that is written."),
        regex: text().prefault("(.*)").describe("RE2 expression that has to match the whole value (of `labelmap`, `labeldrop`, `labelkeep`: the name)."),
        modulus: count(1, Number.MAX_SAFE_INTEGER).optional().describe("Of `hashmod`."),
        replacement: text().prefault("$1").describe("What is written; `$1` or `${1}` is the first group."),
        action: z.string().prefault("replace").transform((text) => text.toLowerCase()).pipe(z.enum(RELABEL_ACTIONS)).describe(`One of ${RELABEL_ACTIONS.map((name) => `\`${name}\``).join(", ")}.`),
      })
      .superRefine(({ action, target_label: target, modulus, source_labels: sources, regex }, context) => {
        const fault = regexFault(regex);
        if (fault) context.addIssue({ code: "custom", path: ["regex"], message: fault });
        const complain = (message: string): void => void context.addIssue({ code: "custom", message: `${action} ${message}` });
        if (!["keep", "drop", "labelmap", "labeldrop", "labelkeep"].includes(action) && target === undefined) complain("needs target_label");
        if (action === "hashmod" && modulus === undefined) complain("needs modulus");
        if (["keep", "drop", "keepequal", "dropequal", "hashmod"].includes(action) && sources.length === 0) complain("needs source_labels");
      }),
  )
  .prefault([]);

export type RelabelConfig = z.output<typeof relabelConfigs>[number];

const labels = z.record(z.string(), z.string());

const scrapeConfig = z.strictObject({
  job_name: z.string().min(1).describe("Label `job` of its metrics, and `service` of those that name none."),
  scrape_interval: duration("1s").optional().describe("In place of the one for all."),
  scrape_timeout: duration("100ms").optional().describe("In place of the one for all."),
  metrics_path: z.string().startsWith("/").prefault("/metrics").describe("Path of the page."),
  scheme: z.enum(["http", "https"]).prefault("http").describe("Protocol of the page."),
  params: z.record(z.string(), z.array(z.string())).prefault({}).describe("Parameters of the request, each with its values."),
  honor_labels: flag().prefault(false).describe("When a page has a label that the target has too: `true` keeps the page's, `false` keeps it as `exported_<name>`."),
  honor_timestamps: flag().prefault(true).describe("Whether times on the page are used."),
  sample_limit: count(0, 10_000_000).prefault(0).describe("A page with more samples after relabelling counts as a failed scrape. 0: no limit."),
  body_size_limit: size("1KB").prefault("64MB").describe("A longer page counts as a failed scrape."),
  basic_auth: basicAuth(),
  authorization: authorization(),
  tls_config: tlsConfig("TLS of `https` targets; the files are read at start."),
  static_configs: z
    .array(z.strictObject({ targets: z.array(z.string().min(1)).describe("`HOST:PORT` of each."), labels: labels.prefault({}).describe("Labels of all of them.") }))
    .prefault([])
    .describe("Targets that stand here."),
  file_sd_configs: z
    .array(
      z.strictObject({
        files: z.array(z.string().regex(/\.(json|ya?ml)$/, "expected a path ending in .json, .yml or .yaml")).min(1).describe("Globs of JSON or YAML files that list targets."),
        refresh_interval: duration("1s").prefault("30s").describe("How often they are read."),
      }),
    )
    .prefault([])
    .describe("Targets that files name."),
  dns_sd_configs: z
    .array(
      z
        .strictObject({
          names: z.array(z.string().min(1)).min(1).describe("Names to look up."),
          type: z.enum(["SRV", "A", "AAAA"]).prefault("SRV").describe("Kind of record."),
          port: count(1, 65_535).optional().describe("Port of the targets; SRV records bring their own."),
          refresh_interval: duration("1s").prefault("30s").describe("How often they are looked up."),
        })
        .refine(({ type, port }) => type === "SRV" || port !== undefined, { message: "A and AAAA records need a port" }),
    )
    .prefault([])
    .describe("Targets that DNS names."),
  kubernetes_sd_configs: z.array(kubernetesDiscovery).prefault([]).describe("Targets that a Kubernetes API server names."),
  relabel_configs: relabelConfigs.describe("Applied to the labels of each target, before it is scraped."),
  metric_relabel_configs: relabelConfigs.describe("Applied to the labels of each sample."),
});

export type ScrapeConfig = z.output<typeof scrapeConfig>;

export const prometheusSchema = z
  .strictObject({
    scrape_interval: duration("1s").prefault("15s").describe("Time between two scrapes of a target."),
    scrape_timeout: duration("100ms").prefault("10s").describe("Longest time for one; never more than the interval."),
    scrape_configs: z
      .array(scrapeConfig)
      .prefault([])
      .superRefine((configs, context) => {
        for (const [index, { job_name: job }] of configs.entries())
          if (configs.findIndex(({ job_name: other }) => other === job) < index) context.addIssue({ code: "custom", path: [index, "job_name"], message: `there are two jobs named ${job}` });
      })
      .describe("What is scraped, with the names that Prometheus has for it."),
  })
  .prefault({})
  .describe("Pages in Prometheus' text format or OpenMetrics.");

export type PrometheusConfig = z.output<typeof prometheusSchema>;

/** Parts of a resource without which series of two processes would be one. */
const IDENTIFYING = ["service.namespace", "service.instance.id", "k8s.cluster.name", "k8s.namespace.name", "k8s.pod.name", "k8s.container.name"];

export const otlpSchema = z
  .strictObject({
    enabled: flag().prefault(false).describe("Whether OTLP is received: logs, metrics and traces."),
    http: z
      .strictObject({
        enabled: flag().prefault(true).describe("Whether it is received over HTTP: `/v1/logs`, `/v1/metrics`, `/v1/traces`, as protobuf or JSON."),
        listen: listenAddress.prefault("127.0.0.1:4318").describe("Address to listen at."),
      })
      .prefault({})
      .describe("OTLP over HTTP."),
    grpc: z
      .strictObject({
        enabled: flag().prefault(true).describe("Whether it is received over gRPC."),
        listen: listenAddress.prefault("127.0.0.1:4317").describe("Address to listen at."),
      })
      .prefault({})
      .describe("OTLP over gRPC."),
    max_request_size: size("1KB").prefault("16MB").describe("Larger requests are refused, compressed or not."),
    max_pending: size("1MB").prefault("64MB").describe("Bytes of requests that are not answered yet; above it requests are told to come again (429)."),
    patience: duration("0s").prefault("5s").describe("How long a request waits for room in the buffer; then it is told to come again (503)."),
    promote_resource_attributes: z.array(z.string().min(1)).prefault(IDENTIFYING).describe("Attributes of the resource that become labels of its metrics. All others stand on `target_info`."),
    explicit_histograms: z
      .enum(["samples", "histograms"])
      .prefault("samples")
      .describe("What becomes of histograms with bounds of their own: `samples`, the series `_bucket`, `_count` and `_sum` that dashboards know; or `histograms`, one native histogram with custom buckets, which PromQL reads without endings and without `le`."),
  })
  .prefault({})
  .describe("OpenTelemetry's protocol.");

export type OtlpConfig = z.output<typeof otlpSchema>;
