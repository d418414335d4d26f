/** Metrics and logs that others send to the real binary, as far as the backend. */

import { createSocket } from "node:dgram";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ApiDouble } from "../src/core/kubernetes-api/api-double.ts";
import { pod } from "../src/core/kubernetes-api/fixtures.ts";
import { AgentProcess, withScratch } from "./agent-process.ts";
import { freePort } from "./free-port.ts";
import { BackendDouble } from "./backend-double.ts";

const WAIT = { timeout: 20_000, interval: 20 };

let backend: BackendDouble;
beforeEach(async () => {
  backend = await BackendDouble.start();
});
afterEach(() => backend.close());

/** Resolves with the answer as soon as somebody listens there. */
const postWhenUp = async (url: string, body: unknown): Promise<Response> => {
  const send = (): Promise<Response | undefined> => fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }).catch(() => undefined);
  let answer: Response | undefined;
  await expect.poll(async () => (answer = await send()) !== undefined, WAIT).toBe(true);
  return answer!;
};

describe("sources of metrics", () => {
  it("bring what they are sent to the backend, masked, and once it is acknowledged it is durable", () =>
    withScratch(async ({ configure }) => {
      const [statsd, http] = [await freePort(), await freePort()];
      const config = await configure(backend.url, {
        statsd: { enabled: true, listen: `127.0.0.1:${statsd}`, flush_interval: "1s" },
        otlp: { enabled: true, http: { listen: `127.0.0.1:${http}` }, grpc: { listen: "127.0.0.1:0" } },
        prometheus: { scrape_interval: "1s", scrape_timeout: "1s", scrape_configs: [{ job_name: "nobody", static_configs: [{ targets: ["127.0.0.1:1"] }] }] },
      });
      const agent = new AgentProcess({ args: ["run", "--config", config] });
      const answer = await postWhenUp(`http://127.0.0.1:${http}/v1/logs`, { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "hello ann@example.com" } }] }] }] });
      expect([answer.status, await answer.json()]).toEqual([200, {}]);
      await expect.poll(() => backend.messages, WAIT).toEqual(["hello [EMAIL]"]);
      const span = { name: "GET /", traceId: "5b8efff798038103d269b633813fc60c", spanId: "eee19b7ec3c1b174", startTimeUnixNano: "1700000000000000000", attributes: [{ key: "user", value: { stringValue: "ann@example.com" } }] };
      expect((await postWhenUp(`http://127.0.0.1:${http}/v1/traces`, { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })).status).toBe(200);
      await expect.poll(() => backend.column("spans", "attributes"), WAIT).toEqual([{ user: "[EMAIL]" }]);
      const client = createSocket("udp4");
      client.send("logins:1|c|#user:ann@example.com", statsd, "127.0.0.1");
      await expect.poll(() => backend.column("samples", "metric"), WAIT).toEqual(expect.arrayContaining(["logins", "up"]));
      client.close();
      const labels = backend.column("series", "labels").map((each) => JSON.stringify(each instanceof Map ? [...each] : each));
      expect(labels.some((text) => text.includes("[EMAIL]"))).toBe(true);
      expect(labels.some((text) => text.includes("ann@"))).toBe(false);
      const { code } = await agent.kill("SIGTERM");
      expect(code).toBe(0);
    }));

  it("are found by a Kubernetes API server, by what pods' annotations say", () =>
    withScratch(async ({ configure }) => {
      const api = await ApiDouble.start();
      const page = createHttpServer(({ url }, response) => void response.writeHead(url === "/stats" ? 200 : 404).end("orders_total 7\n"));
      await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
      try {
        const { port } = page.address() as AddressInfo;
        api.put(pod("shop-0", { ip: "127.0.0.1", labels: { app: "shop" }, annotations: { "prometheus.io/scrape": "true", "prometheus.io/path": "/stats", "prometheus.io/port": String(port) } }));
        api.put(pod("db-0", { ip: "127.0.0.1" }));
        const config = await configure(backend.url, {
          prometheus: {
            scrape_interval: "1s", scrape_timeout: "1s",
            scrape_configs: [{
              job_name: "pods",
              kubernetes_sd_configs: [{ role: "pod", api_server: `http://127.0.0.1:${api.port}`, selectors: [{ role: "pod", field: "spec.nodeName=node-1" }] }],
              relabel_configs: [
                { source_labels: ["__meta_kubernetes_pod_annotation_prometheus_io_scrape"], action: "keep", regex: true },
                { source_labels: ["__meta_kubernetes_pod_annotation_prometheus_io_path"], target_label: "__metrics_path__", regex: "(.+)" },
                { source_labels: ["__address__", "__meta_kubernetes_pod_annotation_prometheus_io_port"], regex: "([^:]+)(?::\\d+)?;(\\d+)", replacement: "$1:$2", target_label: "__address__" },
                { source_labels: ["__meta_kubernetes_pod_name"], target_label: "pod" },
                { source_labels: ["__meta_kubernetes_pod_label_app"], target_label: "service" },
              ],
            }],
          },
        });
        const agent = new AgentProcess({ args: ["run", "--config", config] });
        await expect.poll(() => backend.column("samples", "metric"), WAIT).toEqual(expect.arrayContaining(["orders_total", "up"]));
        const labels = backend.column("series", "labels").map((each) => Object.fromEntries(each instanceof Map ? each : Object.entries(each as object)));
        expect(new Set(labels.map(({ pod: name, service, instance }) => `${name} ${service} ${instance}`))).toEqual(new Set([`shop-0 shop 127.0.0.1:${port}`]));
        expect((await agent.kill("SIGTERM")).code).toBe(0);
        expect(api.watching).toBe(0);
      } finally {
        await api.close();
        await new Promise((resolve) => page.close(resolve).closeAllConnections());
      }
    }));
});
