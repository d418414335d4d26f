import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prometheusSchema } from "../../config/metric-sources.ts";
import { systemClock } from "../../core/clock.ts";
import type { Observation, Scrape, Source } from "../../core/contracts.ts";
import { createLog } from "../../core/log.ts";
import { createPrometheusSource, type PrometheusDeps } from "./index.ts";

const WAIT = { timeout: 10_000, interval: 20 };
const NODE_EXPORTER = "/usr/bin/prometheus-node-exporter";

let answer: (request: IncomingMessage, response: ServerResponse) => void;
const server = createServer((request, response) => answer(request, response));
let target: string;
let folder: string;
let source: Source | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "obs-prometheus-"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await source?.stop();
  source = undefined;
  await new Promise((resolve) => server.close(resolve).closeAllConnections());
  await rm(folder, { recursive: true, force: true });
});

const page = (text: string, type = "text/plain; version=0.0.4") => (_request: IncomingMessage, response: ServerResponse): void => void response.writeHead(200, { "content-type": type }).end(text);

const run = async (job: Record<string, unknown>, deps: Partial<PrometheusDeps> = {}) => {
  const scrapes: Scrape[] = [];
  const events: Record<string, number> = {};
  const lines: string[] = [];
  const config = prometheusSchema.parse({ scrape_interval: "1s", scrape_timeout: "1s", scrape_configs: [{ job_name: "app", static_configs: [{ targets: [target] }], ...job }] });
  source = createPrometheusSource(
    config,
    { ready: async () => {}, observe: async (taken) => void scrapes.push(...taken) },
    {
      clock: systemClock, host: "web-01", log: createLog({ level: "info", format: "text", write: (line) => lines.push(line) }),
      counters: { add: (event, by = 1) => void (events[event] = (events[event] ?? 0) + by) }, ...deps,
    },
  );
  await source.start();
  await source.start();
  const all = (metric: string): Observation[] => scrapes.flatMap(({ observations }) => observations.filter((one) => one.metric === metric));
  const first = async (metric: string): Promise<Observation> => {
    await expect.poll(() => all(metric).length, WAIT).toBeGreaterThan(0);
    return all(metric)[0]!;
  };
  return { scrapes, events, lines, all, first };
};

describe("the prometheus source", () => {
  it("scrapes a page and tells of the scrape", async () => {
    let headers: IncomingMessage["headers"] = {};
    answer = (request, response) => {
      headers = request.headers;
      response.writeHead(200, { "content-type": "text/plain", "content-encoding": "gzip" }).end(gzipSync('# HELP a_total Help.\n# TYPE a_total counter\na_total{x="1"} 5\n# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_count 2\n'));
    };
    const { first, scrapes } = await run({ authorization: { credentials: "secret" } });
    const labels = { job: "app", instance: target, service: "app", host: "web-01" };
    expect(await first("a_total")).toEqual({ metric: "a_total", labels: { ...labels, x: "1" }, kind: "counter", unit: "", help: "Help.", value: 5 });
    expect(await first("h_bucket")).toMatchObject({ labels: { ...labels, le: "+Inf" }, kind: "counter", value: 2 });
    expect(await first("up")).toMatchObject({ labels, kind: "gauge", value: 1 });
    expect(await first("scrape_samples_scraped")).toMatchObject({ value: 3 });
    expect((await first("scrape_duration_seconds")).value).toBeGreaterThan(0);
    expect(scrapes).toHaveLength(1);
    expect(headers).toMatchObject({ authorization: "Bearer secret", accept: expect.stringContaining("openmetrics") as string, "x-prometheus-scrape-timeout-seconds": "1" });
  });

  it("takes times of OpenMetrics once", async () => {
    answer = page('# TYPE a counter\na_total 5 1520879607.789 # {trace_id="x"} 1\nb 1\nb 2\n# EOF\n', "application/openmetrics-text; version=1.0.0; charset=utf-8");
    const { scrapes, events, all } = await run({});
    await expect.poll(() => all("up").length, WAIT).toBeGreaterThan(1);
    expect(scrapes.filter(({ observations }) => observations.some(({ metric }) => metric === "a_total")).map(({ timestampMs }) => timestampMs)).toEqual([1520879607789]);
    expect(all("b").slice(0, 2).map(({ value }) => value)).toEqual([1, 1]);
    expect(events["samples_repeated"]).toBeGreaterThan(1);
  });

  it("keeps an exemplar once for as long as the page shows it", async () => {
    const trace = "5b8efff798038103d269b633813fc60c";
    const first = `{trace_id="${trace}",span_id="eee19b7ec3c1b174",user="7"} 0.3 1520879607.789`;
    let shown = first;
    answer = (request, response) => page(`# TYPE h histogram\nh_bucket{le="1"} 2 # ${shown}\nh_bucket{le="+Inf"} 2\ngone 1 # {} 1\n# EOF\n`, "application/openmetrics-text; version=1.0.0")(request, response);
    const { all, events } = await run({ metric_relabel_configs: [{ source_labels: ["__name__"], regex: "gone", action: "drop" }] });
    const kept = () => all("h_bucket").flatMap(({ exemplars = [] }) => exemplars);
    await expect.poll(() => events["exemplars_repeated"] ?? 0, WAIT).toBeGreaterThan(0);
    // Ids of other forms stay labels; a time that is not there is the scrape's.
    shown = '{trace_id="KOO5S4vxi0o",span_id="0000000000000000"} 4';
    await expect.poll(() => kept().length, WAIT).toBe(2);
    const seen = events["exemplars_repeated"]!;
    await expect.poll(() => events["exemplars_repeated"]!, WAIT).toBeGreaterThan(seen);
    expect(kept()).toEqual([
      { timestamp: 1_520_879_607_789_000_000n, value: 0.3, traceId: trace, spanId: "eee19b7ec3c1b174", attributes: { user: "7" } },
      { timestamp: expect.any(BigInt) as bigint, value: 4, traceId: "", spanId: "", attributes: { trace_id: "KOO5S4vxi0o", span_id: "0000000000000000" } },
    ]);
    expect(all("h_bucket").find(({ exemplars }) => exemplars)?.labels["le"]).toBe("1");
    expect(events).toMatchObject({ exemplars: 2, exemplars_dropped: expect.any(Number) as number });
  });

  it.each<[string, boolean, Record<string, string>]>([
    ["exports labels that the target has", false, { instance: "t", exported_instance: "page", job: "app", exported_job: "page" }],
    ["honours the labels of the page", true, { instance: "page", job: "page" }],
  ])("%s", async (_name, honour, labels) => {
    answer = page('a{instance="page",job="page",service="own"} 1\n');
    const { first } = await run({ honor_labels: honour, static_configs: [{ targets: [target], labels: { instance: "t" } }] });
    expect((await first("a")).labels).toEqual({ ...labels, service: "own", host: "web-01" });
  });

  it("relabels targets and samples", async () => {
    let asked = "";
    answer = (request, response) => {
      asked = request.url ?? "";
      page("a 1\nb 2\nc_x 3\n")(request, response);
    };
    const { first, all } = await run({
      static_configs: [{ targets: ["elsewhere:1", "dropped:1"], labels: { zone: "eu" } }],
      params: { module: ["http"], "collect[]": ["x", "y"] },
      relabel_configs: [
        { source_labels: ["__address__"], regex: "dropped:.*", action: "drop" },
        { source_labels: ["__address__"], target_label: "__param_target" },
        { source_labels: ["__param_target"], target_label: "instance" },
        { target_label: "__address__", replacement: target },
        { target_label: "__metrics_path__", replacement: "/probe" },
        { regex: "zone", replacement: "my_$0", action: "labelmap" },
      ],
      metric_relabel_configs: [
        { source_labels: ["__name__"], regex: "b", action: "drop" },
        { source_labels: ["__name__"], regex: "c_(.*)", target_label: "__name__", replacement: "d_$1" },
      ],
    });
    expect((await first("d_x")).labels).toEqual({ job: "app", instance: "elsewhere:1", zone: "eu", my_zone: "eu", service: "app", host: "web-01" });
    expect(all("b")).toEqual([]);
    expect(await first("scrape_samples_scraped")).toMatchObject({ value: 3 });
    expect(await first("scrape_samples_post_metric_relabeling")).toMatchObject({ value: 2 });
    expect(asked).toBe("/probe?module=http&collect%5B%5D=x&collect%5B%5D=y&target=elsewhere%3A1");
  });

  it.each<[string, (request: IncomingMessage, response: ServerResponse) => void, Record<string, unknown>]>([
    ["an error", (_request, response) => void response.writeHead(500).end("a 1\n"), {}],
    ["a page that is none", page("<html>\n"), {}],
    ["half a page", page("a 1\n", "application/openmetrics-text"), {}],
    ["a page with too many samples", page("a 1\nb 1\n"), { sample_limit: 1 }],
    ["a page that is too long", page(`#${" ".repeat(2_000)}\n`), { body_size_limit: "1KB" }],
    ["no answer", () => {}, { scrape_timeout: "100ms" }],
  ])("says that a target is down after %s, once in the log", async (_name, behaviour, job) => {
    answer = behaviour;
    const { all, first, lines, scrapes } = await run(job);
    expect(await first("up")).toMatchObject({ value: 0 });
    await expect.poll(() => all("up").length, WAIT).toBeGreaterThan(1);
    expect(scrapes.flatMap(({ observations }) => observations).every(({ metric }) => metric === "up" || metric.startsWith("scrape_"))).toBe(true);
    expect(lines.filter((line) => line.includes("cannot be scraped"))).toHaveLength(1);
  });

  it("follows files of targets, and keeps what it had while one is broken", async () => {
    answer = page("a 1\n");
    const path = join(folder, "targets.yml");
    await writeFile(path, `- targets: ["${target}"]\n  labels: {n: 1}\n`);
    await writeFile(join(folder, "more.json"), JSON.stringify([{ targets: [`localhost:${target.split(":")[1]}`] }]));
    const { all, first, events } = await run({ static_configs: [], file_sd_configs: [{ files: [join(folder, "*.yml"), join(folder, "*.json")], refresh_interval: "1s" }] });
    expect((await first("a")).labels).toMatchObject({ job: "app" });
    await expect.poll(() => new Set(all("a").map(({ labels }) => labels["instance"])).size, WAIT).toBe(2);
    await writeFile(path, "- targets: {");
    await expect.poll(() => events["discovery_errors"], WAIT).toBeGreaterThan(0);
    const before = all("a").filter(({ labels }) => labels["n"] === "1").length;
    await expect.poll(() => all("a").filter(({ labels }) => labels["n"] === "1").length, WAIT).toBeGreaterThan(before);
    await writeFile(path, `- targets: ["${target}"]\n  labels: {n: "2"}\n`);
    await expect.poll(() => all("a").some(({ labels }) => labels["n"] === "2"), WAIT).toBe(true);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["SRV", {}, "dns_srv_record_target"],
    ["A", { port: 0 }, "dns_name"],
  ])("looks up %s records", async (type, _more, meta) => {
    answer = page("a 1\n");
    const port = Number(target.split(":")[1]);
    const resolver = { resolveSrv: async () => [{ name: "localhost", port }], resolve4: async () => ["127.0.0.1"], resolve6: async () => [] };
    const { first } = await run(
      {
        static_configs: [], dns_sd_configs: [{ names: ["_app._tcp.example"], type, ...(type === "A" && { port }) }],
        relabel_configs: [{ source_labels: [`__meta_${meta}`], target_label: "found" }],
      },
      { resolver },
    );
    expect((await first("a")).labels).toMatchObject({ found: type === "SRV" ? "localhost." : "_app._tcp.example" });
  });

  it("stops without having started, and while a target does not answer", async () => {
    answer = () => {};
    const { events } = await run({});
    await expect.poll(() => events["scrapes"], WAIT).toBe(1);
    await source!.stop();
    await createPrometheusSource(prometheusSchema.parse({}), { ready: async () => {}, observe: async () => {} }, {} as PrometheusDeps).stop();
  });

  it.runIf(existsSync(NODE_EXPORTER))("scrapes a real node_exporter (Debian: prometheus-node-exporter)", async () => {
    const exporter = spawn(NODE_EXPORTER, ["--web.listen-address=127.0.0.1:0", "--no-collector.systemd"], { stdio: ["ignore", "ignore", "pipe"] });
    try {
      let text = "";
      exporter.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
      await expect.poll(() => /address=(127\.0\.0\.1:\d+)/.exec(text)?.[1], WAIT).toBeDefined();
      const [, address] = /address=(127\.0\.0\.1:\d+)/.exec(text)!;
      const { first, events } = await run({ static_configs: [{ targets: [address!] }] });
      expect(await first("up")).toMatchObject({ value: 1 });
      expect(await first("node_cpu_seconds_total")).toMatchObject({ kind: "counter", labels: { cpu: expect.any(String) as string, mode: expect.any(String) as string } });
      expect(events).toMatchObject({ scrapes: 1 });
      expect(events["pages_malformed"]).toBeUndefined();
    } finally {
      exporter.kill();
    }
  });
});
