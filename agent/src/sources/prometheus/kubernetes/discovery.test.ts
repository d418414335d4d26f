/** Discovery at an API server that keeps versions and forgets them, and scrapes of what it names. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prometheusSchema } from "../../../config/metric-sources.ts";
import { systemClock } from "../../../core/clock.ts";
import type { Observation, Source } from "../../../core/contracts.ts";
import { ApiDouble } from "../../../core/kubernetes-api/api-double.ts";
import { object, pod } from "../../../core/kubernetes-api/fixtures.ts";
import { createLog } from "../../../core/log.ts";
import { createPrometheusSource } from "../index.ts";

const WAIT = { timeout: 10_000, interval: 20 };

/** As everyone has it: https://github.com/prometheus/prometheus/blob/main/documentation/examples/prometheus-kubernetes.yml says why. */
const BY_ANNOTATIONS = [
  { source_labels: ["__meta_kubernetes_pod_annotation_prometheus_io_scrape"], action: "keep", regex: true },
  { source_labels: ["__meta_kubernetes_pod_annotation_prometheus_io_path"], action: "replace", target_label: "__metrics_path__", regex: "(.+)" },
  { source_labels: ["__address__", "__meta_kubernetes_pod_annotation_prometheus_io_port"], action: "replace", regex: "([^:]+)(?::\\d+)?;(\\d+)", replacement: "$1:$2", target_label: "__address__" },
  { action: "labelmap", regex: "__meta_kubernetes_pod_label_(.+)" },
  { source_labels: ["__meta_kubernetes_namespace"], action: "replace", target_label: "namespace" },
  { source_labels: ["__meta_kubernetes_pod_name"], action: "replace", target_label: "pod" },
];

let api: ApiDouble;
let folder: string;
let source: Source | undefined;
/** What answers at the pods' addresses: every path is a page of its own. */
let pages: Server;
let asked: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "obs-discovery-"));
  api = await ApiDouble.start();
  asked = [];
  pages = createServer((request, response) => {
    asked.push(request.url!);
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end("requests_total 1\n");
  });
  await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  await source?.stop();
  source = undefined;
  await api.close();
  await new Promise((resolve) => pages.close(resolve).closeAllConnections());
  rmSync(folder, { recursive: true });
});

const pagePort = (): number => (pages.address() as AddressInfo).port;
const annotated = (more: Record<string, string> = {}): Record<string, string> => ({ "prometheus.io/scrape": "true", "prometheus.io/port": String(pagePort()), ...more });

/** Jobs with one discovery each; the label `seen` of their samples tells by what they were found. */
const run = async (...jobs: readonly Record<string, unknown>[]) => {
  const seen: Observation[] = [];
  const events: Record<string, number> = {};
  const lines: string[] = [];
  const config = prometheusSchema.parse({
    scrape_interval: "1s", scrape_timeout: "1s",
    scrape_configs: jobs.map(({ relabel_configs: relabelling, ...discovery }, index) => ({
      job_name: `job-${index}`, relabel_configs: relabelling ?? [],
      kubernetes_sd_configs: [{ ...(discovery["kubeconfig_file"] === undefined && { api_server: `http://127.0.0.1:${api.port}/` }), ...discovery }],
    })),
  });
  source = createPrometheusSource(
    config,
    { ready: async () => {}, observe: async (taken) => void seen.push(...taken.flatMap(({ observations }) => observations)) },
    { clock: systemClock, host: "web-01", log: createLog({ level: "info", format: "text", write: (line) => lines.push(line) }), counters: { add: (event, by = 1) => void (events[event] = (events[event] ?? 0) + by) } },
  );
  await source.start();
  const values = (label: string): string[] => [...new Set(seen.map(({ labels }) => labels[label] ?? "-"))].sort();
  /** Values of the samples since the last look: over more than an interval, so that every target is among them. */
  const current = (label: string) => expect.poll(() => { const now = values(label); seen.length = 0; return now; }, { timeout: 15_000, interval: 1_300 });
  return { seen, events, lines, values, current };
};

/** Where relabelling sends everything to: what is found need not exist. */
const toPage = (label: string): object[] => [{ target_label: "__address__", replacement: `127.0.0.1:${pagePort()}` }, { source_labels: [label], target_label: "seen" }];

describe("discovery by a Kubernetes API server", () => {
  it("scrapes pods that say so in their annotations, from when they appear until they are gone", async () => {
    api.put(pod("web-0", { ip: "127.0.0.1", labels: { app: "web" }, annotations: annotated({ "prometheus.io/path": "/actuator" }), ports: [{ name: "http", containerPort: 80, protocol: "TCP" }, { containerPort: 81, protocol: "TCP" }] }));
    api.put(pod("silent", { ip: "127.0.0.1" }));
    const { seen, events, values, current } = await run({ role: "pod", relabel_configs: BY_ANNOTATIONS, authorization: { credentials: "secret" } });
    await expect.poll(() => seen.find(({ metric }) => metric === "requests_total")?.labels, WAIT).toEqual({ job: "job-0", instance: `127.0.0.1:${pagePort()}`, app: "web", namespace: "shop", pod: "web-0", service: "job-0", host: "web-01" });
    // Both of its ports became the same target.
    expect(new Set(asked)).toEqual(new Set(["/actuator"]));
    expect(api.tokens[0]).toBe("Bearer secret");
    api.put(pod("starting", { annotations: annotated() }));
    api.put(pod("web-1", { ip: "127.0.0.1", annotations: annotated() }));
    await expect.poll(() => values("pod"), WAIT).toEqual(["web-0", "web-1"]);
    api.put(pod("starting", { ip: "127.0.0.1", annotations: annotated() }));
    api.remove("uid-web-0");
    await current("pod").toEqual(["starting", "web-1"]);
    expect(api.lists).toHaveLength(1);
    expect(events["targets_malformed"]).toBeUndefined();
    await source!.stop();
    expect(api.watching).toBe(0);
  });

  it("makes targets of endpoints anew when what stands behind them changes", async () => {
    api.put(object("EndpointSlice", "web-abc", { namespace: "shop", labels: { "kubernetes.io/service-name": "web" } }, { addressType: "IPv4", ports: [{ name: "http", port: 80 }], endpoints: [{ addresses: ["10.0.0.7"], nodeName: "node-1", targetRef: { kind: "Pod", name: "web-0", namespace: "shop" } }] }));
    const labels = ["service_label_tier", "pod_label_tier", "node_label_tier", "namespace_label_tier"];
    const { values } = await run(...labels.map((label) => ({ role: "endpointslice", attach_metadata: { node: true, namespace: true }, relabel_configs: toPage(`__meta_kubernetes_${label}`) })));
    await expect.poll(() => values("seen"), WAIT).toEqual(["-"]);
    api.put(object("Service", "web", { namespace: "shop", labels: { tier: "of-service" } }, { spec: { ports: [] } }));
    api.put(pod("web-0", { ip: "10.0.0.7", labels: { tier: "of-pod" } }));
    api.put(object("Node", "node-1", { labels: { tier: "of-node" } }));
    api.put(object("Namespace", "shop", { labels: { tier: "of-namespace" } }));
    await expect.poll(() => values("seen"), WAIT).toEqual(["-", "of-namespace", "of-node", "of-pod", "of-service"]);
    api.put(pod("web-0", { ip: "10.0.0.7", labels: { tier: "changed" } }));
    await expect.poll(() => values("seen"), WAIT).toContain("changed");
    // Four jobs look at the same five collections.
    expect(api.lists.map(({ pathname }) => pathname).sort()).toEqual(["/api/v1/namespaces", "/api/v1/nodes", "/api/v1/pods", "/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices"]);
  });

  it("asks for namespaces and by selectors", async () => {
    for (const namespace of ["a", "b", "c"]) {
      api.put(pod(`here-${namespace}`, { uid: `here-${namespace}`, namespace, ip: "10.0.0.1", labels: { app: "web" } }));
      api.put(pod(`there-${namespace}`, { uid: `there-${namespace}`, namespace, node: "node-2", ip: "10.0.0.2", labels: { app: "web" } }));
      api.put(pod(`other-${namespace}`, { uid: `other-${namespace}`, namespace, ip: "10.0.0.3" }));
    }
    const { values, current } = await run({ role: "pod", namespaces: { names: ["a", "b", "a"] }, selectors: [{ role: "pod", label: "app=web", field: "spec.nodeName=node-1" }], relabel_configs: toPage("__meta_kubernetes_pod_name") });
    await expect.poll(() => values("seen"), WAIT).toEqual(["here-a", "here-b"]);
    expect(api.lists.map(({ pathname }) => pathname).sort()).toEqual(["/api/v1/namespaces/a/pods", "/api/v1/namespaces/b/pods"]);
    // It matches no more.
    api.put(pod("here-a", { uid: "here-a", namespace: "a", ip: "10.0.0.1" }));
    await current("seen").toEqual(["here-b"]);
  });

  it("finds objects of the other roles", async () => {
    api.put(object("Service", "a-service", { namespace: "shop" }, { spec: { ports: [{ port: 80 }] } }));
    api.put(object("Ingress", "an-ingress", { namespace: "shop" }, { spec: { rules: [{ host: "a.example.com" }] } }));
    api.put(object("Node", "a-node", {}, { status: { addresses: [{ type: "InternalIP", address: "10.0.0.1" }], daemonEndpoints: { kubeletEndpoint: { Port: 10250 } } } }));
    api.put(object("Endpoints", "some-endpoints", { namespace: "shop" }, { subsets: [{ ports: [{ port: 1 }], addresses: [{ ip: "10.0.0.1" }] }] }));
    const { values } = await run(...["service", "ingress", "node", "endpoints"].map((role) => ({ role, relabel_configs: toPage(`__meta_kubernetes_${role}_name`) })));
    await expect.poll(() => values("seen"), WAIT).toEqual(["a-node", "a-service", "an-ingress", "some-endpoints"]);
  });

  it("goes on after cut connections and 410 Gone, over pages, and keeps its targets while the server is away", async () => {
    api.pageSize = 2;
    for (let number = 0; number < 5; number++) api.put(pod(`web-${number}`, { ip: "10.0.0.1" }));
    const { values, current, events, lines } = await run({ role: "pod", relabel_configs: toPage("__meta_kubernetes_pod_name") });
    await expect.poll(() => values("seen"), WAIT).toHaveLength(5);
    expect(api.lists.map(({ searchParams }) => [searchParams.get("resourceVersion"), searchParams.get("limit"), searchParams.get("continue")])).toEqual([[null, "500", null], [null, "500", "2"], [null, "500", "4"]]);
    api.bookmark();
    api.cut();
    api.put(pod("after-cut", { ip: "10.0.0.1" }));
    await expect.poll(() => values("seen"), WAIT).toContain("after-cut");
    expect(api.lists).toHaveLength(3);
    api.compact();
    api.remove("uid-web-0");
    api.status = 500;
    await expect.poll(() => events["discovery_errors"], WAIT).toBeGreaterThan(1);
    await current("seen").toEqual(["after-cut", "web-0", "web-1", "web-2", "web-3", "web-4"]);
    api.status = undefined;
    await current("seen").toEqual(["after-cut", "web-1", "web-2", "web-3", "web-4"]);
    expect(lines.filter((line) => line.includes("cannot be asked for targets")).length).toBe(events["discovery_errors"]);
  });

  it("waits for the right to see all that it needs, and says what is missing", async () => {
    api.put(pod("web", { ip: "10.0.0.1" }));
    api.refused.set("nodes", 403);
    const { values, lines } = await run({ role: "pod", attach_metadata: { node: true }, relabel_configs: toPage("__meta_kubernetes_pod_name") });
    await expect.poll(() => lines.filter((line) => line.includes("403") && line.includes("/api/v1/nodes")).length, WAIT).toBe(1);
    expect(values("seen")).toEqual([]);
    api.refused.clear();
    await expect.poll(() => values("seen"), WAIT).toEqual(["web"]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["no API server", { api_server: undefined, role: "pod" }, "no API server is known"],
    ["no kubeconfig file", { kubeconfig_file: "/nowhere/config", role: "pod" }, "ENOENT"],
    ["no namespace of its own", { role: "pod", namespaces: { own_namespace: true } }, "own namespace is not known"],
  ])("says that there is %s", async (_name, discovery, message) => {
    const { lines, events } = await run(discovery);
    await expect.poll(() => lines.some((line) => line.includes(message)), WAIT).toBe(true);
    expect(events["discovery_errors"]).toBe(1);
  });
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

const certificate = (name: string) => {
  const made = spawnSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.crt`)]);
  expect(made.status).toBe(0);
  return { key: readFileSync(join(folder, `${name}.key`), "utf8"), cert: readFileSync(join(folder, `${name}.crt`), "utf8") };
};

const configure = (server: string, cluster: object, user: object): string => {
  const path = join(folder, "kubeconfig");
  writeFileSync(path, JSON.stringify({ apiVersion: "v1", kind: "Config", "current-context": "c", contexts: [{ name: "c", context: { cluster: "k", user: "u" } }], clusters: [{ name: "k", cluster: { server, ...cluster } }], users: [{ name: "u", user }] }));
  return path;
};

describe("a kubeconfig file", () => {
  it.skipIf(!hasOpenssl)("names the server, its certificate and the agent's own (openssl)", async () => {
    const client = certificate("client");
    const served = certificate("server");
    const secure = await ApiDouble.start({ ...served, ca: client.cert, requestCert: true });
    try {
      secure.put(pod("web", { ip: "10.0.0.1" }));
      const kubeconfig = configure(`https://127.0.0.1:${secure.port}`, { "certificate-authority": "server.crt" }, { "client-certificate-data": Buffer.from(client.cert).toString("base64"), "client-key": join(folder, "client.key") });
      const { values } = await run({ role: "pod", kubeconfig_file: kubeconfig, relabel_configs: toPage("__meta_kubernetes_pod_name") });
      await expect.poll(() => values("seen"), WAIT).toEqual(["web"]);
    } finally {
      await source?.stop();
      await secure.close();
    }
  });

  it.each([
    ["a token", { token: "t0" }, "Bearer t0"],
    ["a file of it, which counts more", { token: "t0", tokenFile: "token" }, "Bearer t1"],
    ["a name", { username: "ann", password: "p" }, "Basic YW5uOnA="],
  ])("has %s", async (_name, user, header) => {
    writeFileSync(join(folder, "token"), "t1\n");
    await run({ role: "pod", kubeconfig_file: configure(`http://127.0.0.1:${api.port}/`, {}, user) });
    await expect.poll(() => api.tokens[0], WAIT).toBe(header);
  });

  it.each<[string, string, string]>([
    ["a program", JSON.stringify({ "current-context": "c", contexts: [{ name: "c", context: { cluster: "k", user: "u" } }], clusters: [{ name: "k", cluster: { server: "http://127.0.0.1:1" } }], users: [{ name: "u", user: { exec: { command: "aws" } } }] }), "exec"],
    ["no such context", JSON.stringify({ "current-context": "x", contexts: [], clusters: [] }), 'no context "x"'],
    ["another file", "a: 1", "current-context"],
    ["no YAML", "token: secret-token\n\ta: [", "cannot be used"],
  ])("is refused with %s, without telling secrets", async (_name, content, message) => {
    writeFileSync(join(folder, "kubeconfig"), content);
    const { lines } = await run({ role: "pod", kubeconfig_file: join(folder, "kubeconfig") });
    await expect.poll(() => lines.join("\n"), WAIT).toContain(message);
    expect(lines.join("\n")).not.toContain("secret-token");
  });
});
