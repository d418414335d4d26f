import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { KubernetesOptions } from "../../config/collected-logs.ts";
import { systemClock } from "../../core/clock.ts";
import { ApiDouble } from "../../core/kubernetes-api/api-double.ts";
import { pod } from "../../core/kubernetes-api/fixtures.ts";
import { apiAddress } from "../../core/kubernetes-api/service-account.ts";
import { createLog } from "../../core/log.ts";
import { createFileSource, fileSourceSchema } from "../file/index.ts";
import { RecordingShard } from "../file/recording-shard.ts";
import { describePodContainer, type Pod } from "./describe.ts";
import { createKubernetesSource } from "./index.ts";
import { placeOfLog } from "./log-path.ts";

const WAIT = { timeout: 10_000, interval: 10 };
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

let folder: string;
let api: ApiDouble;
let shard: RecordingShard;
let source: ReturnType<typeof createKubernetesSource> | undefined;
let events: Record<string, number>;
let warnings: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "obs-kubernetes-"));
  api = await ApiDouble.start();
  shard = new RecordingShard(64 * 1024);
  events = {};
  warnings = [];
  writeFileSync(join(folder, "token"), "first\n");
});
afterEach(async () => {
  await source?.stop();
  source = undefined;
  await api.close();
  rmSync(folder, { recursive: true });
});

const counters = { add: (event: string, by = 1) => void (events[event] = (events[event] ?? 0) + by), set: (gauge: string, value: number) => void (events[gauge] = value) };
const log = createLog({ level: "warn", format: "text", write: (line) => warnings.push(line) });

const create = (options: Partial<KubernetesOptions> = {}) => {
  const whole: KubernetesOptions = {
    enabled: true, include: [join(folder, "pods/*/*/*.log"), join(folder, "containers/*.log")], node: "node-1", api_server: `http://127.0.0.1:${api.port}/`, token_file: join(folder, "token"), ca_file: join(folder, "ca.crt"),
    exclude: [], select: "all", labels: ["*"], annotations: [], read_from: "beginning", environment: "test", metadata_wait: 10_000, partial_wait: 300, ...options,
  };
  return createKubernetesSource(whole, shard, {
    positions: new Map(shard.positions), clock: systemClock, log, host: "host-1", counters,
    follow: (files, lines, more) => createFileSource(fileSourceSchema.parse({ ...files, pollIntervalMs: 20, scanIntervalMs: 100, rotatedQuietMs: 200 }), lines, { clock: systemClock, log, host: "host-1", counters, ...more }),
  });
};

const start = async (options: Partial<KubernetesOptions> = {}): Promise<void> => {
  source = create(options);
  await source.start();
};

const logOf = (name: string, container = "web", restarts = 0, uid = `uid-${name}`): string => join(folder, "pods", `shop_${name}_${uid}`, container, `${restarts}.log`);
const write = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, text);
};
const cri = (text: string, side = "stdout", tag = "F"): string => `2024-05-06T07:08:09.123456789Z ${side} ${tag} ${text}\n`;
const texts = (): string[] => shard.texts();
const lastService = (): string => [...shard.streams()].at(-1)!.service;
/** Writes lines until one of them comes with this service. */
const untilService = async (path: string, service: string): Promise<void> => {
  let written = 0;
  await expect.poll(() => (write(path, cri(`more ${++written}`)), lastService()), { timeout: 10_000, interval: 50 }).toBe(service);
};

describe("pods' logs", () => {
  it("are rows with what the API server knows of their pod", async () => {
    api.put(pod("web-5d9c7b-x2x4z", { labels: { "app.kubernetes.io/name": "front", "pod-template-hash": "5d9c7b", tier: "edge" }, annotations: { "team/owner": "shop", secret: "x" }, owner: { kind: "ReplicaSet", name: "web-5d9c7b" } }));
    write(logOf("web-5d9c7b-x2x4z"), cri("one") + cri("tw", "stdout", "P") + cri("err", "stderr") + cri("o"));
    await start({ annotations: ["team/*"] });
    await expect.poll(texts, WAIT).toEqual(["one", "err", "two"]);
    const stream = [...shard.streams()].find(({ attributes }) => attributes["log.iostream"] === "stderr")!;
    expect(stream).toMatchObject({ service: "front", host: "host-1", environment: "test" });
    expect(stream.attributes).toEqual({
      "log.file.path": logOf("web-5d9c7b-x2x4z"), "log.iostream": "stderr", "k8s.namespace.name": "shop", "k8s.pod.name": "web-5d9c7b-x2x4z", "k8s.pod.uid": "uid-web-5d9c7b-x2x4z",
      "k8s.container.name": "web", "k8s.container.restart_count": "0", "k8s.node.name": "node-1", "k8s.deployment.name": "web", "container.id": `${"c".repeat(63)}1`,
      "container.image.name": "reg.example.com/shop/web", "container.image.tags": "1.2", "k8s.pod.label.app.kubernetes.io/name": "front", "k8s.pod.label.tier": "edge", "k8s.pod.annotation.team/owner": "shop",
    });
    expect(api.requests.every(({ searchParams }) => searchParams.get("fieldSelector") === "spec.nodeName=node-1")).toBe(true);
    expect(api.tokens[0]).toBe("Bearer first");
  });

  it("under both of their names are read once, in docker's form too, over rotation and restart", async () => {
    api.put(pod("web"));
    const link = join(folder, "containers", `web_shop_web-${"a".repeat(64)}.log`);
    write(logOf("web"), `${JSON.stringify({ log: "docker form\n", stream: "stdout", time: "2024-05-06T07:08:09Z" })}\n`);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(logOf("web"), link);
    await start();
    await expect.poll(texts, WAIT).toEqual(["docker form"]);
    renameSync(logOf("web"), `${logOf("web")}.20240506-070809`);
    write(logOf("web"), cri("after rotation"));
    await expect.poll(texts, WAIT).toEqual(["docker form", "after rotation"]);
    await shard.flush();
    await source!.stop();
    write(logOf("web"), cri("while down"));
    renameSync(logOf("web"), `${logOf("web")}.20240506-080000`);
    write(logOf("web"), cri("and rotated"));
    await start();
    await expect.poll(texts, WAIT).toEqual(["docker form", "after rotation", "while down", "and rotated"]);
  });

  it("wait for metadata that comes late, while others are read; beyond the bound they go without", async () => {
    api.put(pod("known"));
    write(logOf("known"), cri("known"));
    await start();
    await expect.poll(texts, WAIT).toEqual(["known"]);
    await expect.poll(() => api.watching, WAIT).toBe(1);
    write(logOf("late"), cri("late"));
    write(logOf("known"), cri("meanwhile"));
    await expect.poll(texts, WAIT).toEqual(["known", "meanwhile"]);
    api.put(pod("late", { labels: { app: "late-app" } }));
    await expect.poll(texts, WAIT).toEqual(["known", "meanwhile", "late"]);
    expect(lastService()).toBe("late-app");
    await source!.stop();
    await start({ metadata_wait: 50 });
    write(logOf("never"), cri("without"));
    await expect.poll(() => texts().at(-1), WAIT).toBe("without");
    expect([...shard.streams()].at(-1)).toMatchObject({ service: "web", attributes: { "k8s.namespace.name": "shop", "k8s.pod.name": "never", "k8s.pod.uid": "uid-never", "k8s.container.name": "web" } });
    expect(events.metadata_late).toBe(1);
  });

  it.each<["all" | "annotated", Record<string, string>, string[]]>([
    ["all", { "obs.io/exclude": "true" }, []],
    ["all", { "obs.io/exclude": "sidecar, other" }, ["web"]],
    ["annotated", {}, []],
    ["annotated", { "obs.io/include": "true" }, ["web", "sidecar"]],
    ["annotated", { "obs.io/include": "web" }, ["web"]],
  ])("with select: %s and %j: %j are collected", async (select, annotations, collected) => {
    api.put(pod("asked", { annotations, containers: ["web", "sidecar"] }));
    api.put(pod("zero", { annotations: { "obs.io/include": "true" }, containers: ["zero"] }));
    write(logOf("asked", "web"), cri("web"));
    write(logOf("asked", "sidecar"), cri("sidecar"));
    write(logOf("zero", "zero"), cri("zero"));
    await start({ select });
    await expect.poll(() => texts().sort(), WAIT).toEqual([...collected, "zero"].sort());
    await expect.poll(() => events.bytes_excluded ?? 0, WAIT).toBe((2 - collected.length === 0 ? 0 : [cri("web"), cri("sidecar")].filter((text) => !collected.some((name) => text.endsWith(`${name}\n`))).join("").length));
  });

  it("without an API server have what their paths tell, at once", async () => {
    api.status = 500;
    write(logOf("web"), cri("one"));
    await start({ api_server: undefined });
    await expect.poll(texts, WAIT).toEqual(["one"]);
    expect([...shard.streams()][0]).toMatchObject({ service: "web", attributes: { "k8s.pod.name": "web", "k8s.node.name": "node-1" } });
    expect(api.requests).toEqual([]);
  });

  it("may be stopped without a start, and twice", async () => {
    const unused = create();
    expect(unused.name).toBe("kubernetes");
    await unused.stop();
    await unused.stop();
  });
});

const certificate = (folder: string, name: string) => {
  const made = spawnSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.crt`)]);
  expect(made.status).toBe(0);
  return { key: readFileSync(join(folder, `${name}.key`), "utf8"), cert: readFileSync(join(folder, `${name}.crt`), "utf8") };
};

describe("watching pods", () => {
  it("goes on at the last version when a watch ends, bookmarks included", async () => {
    api.put(pod("web", { labels: { app: "one" } }));
    write(logOf("web"), cri("first"));
    await start();
    await expect.poll(() => api.watching, WAIT).toBe(1);
    api.bookmark();
    api.endWatches();
    await expect.poll(() => api.watchedFrom.at(-1), WAIT).toBe(api.version);
    await expect.poll(() => api.watching, WAIT).toBe(1);
    api.put(pod("web", { labels: { app: "two" } }));
    await untilService(logOf("web"), "two");
    expect(api.lists).toHaveLength(1);
  });

  it("does not miss what happens while a connection is cut", async () => {
    api.put(pod("web", { labels: { app: "one" } }));
    await start();
    await expect.poll(() => api.watching, WAIT).toBe(1);
    api.cut();
    api.put(pod("web", { labels: { app: "two" } }));
    write(logOf("web"), cri("first"));
    await untilService(logOf("web"), "two");
    expect(api.lists).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });

  it.each(["as an event", "as a status"])("lists anew after 410 Gone %s, and knows what is gone", async (form) => {
    api.put(pod("web", { labels: { app: "one" } }));
    api.put(pod("gone"));
    await start();
    await expect.poll(() => [api.watching, events.pods_known], WAIT).toEqual([1, 2]);
    if (form === "as a status") api.cut();
    api.compact();
    api.remove("uid-gone");
    api.put(pod("web", { labels: { app: "two" } }));
    await untilService(logOf("web"), "two");
    expect(api.lists.length).toBe(2);
    expect(api.lists.map(({ searchParams }) => searchParams.get("resourceVersion"))).toEqual(["0", null]);
    expect(events.pods_known).toBe(1);
    // The last lines of a pod that is gone still say whose they are.
    write(logOf("gone"), cri("last words"));
    await expect.poll(() => texts().includes("last words"), WAIT).toBe(true);
    expect([...shard.streams()].find(({ attributes }) => attributes["k8s.pod.name"] === "gone")!.attributes["container.image.name"]).toBe("reg.example.com/shop/web");
  });

  it("reads lists of several pages, and the token anew for each connection", async () => {
    api.pageSize = 2;
    for (let number = 0; number < 5; number++) api.put(pod(`web-${number}`));
    await start();
    await expect.poll(() => [api.watching, events.pods_known], WAIT).toEqual([1, 5]);
    expect(api.lists.map(({ searchParams }) => searchParams.get("continue"))).toEqual([null, "2", "4"]);
    writeFileSync(join(folder, "token"), "second");
    api.bookmark();
    api.endWatches();
    await expect.poll(() => api.tokens.at(-1), WAIT).toBe("Bearer second");
  });

  it("backs off while the server refuses, says so once, and goes on", async () => {
    api.status = 403;
    write(logOf("web"), cri("one"));
    await start({ metadata_wait: 20 });
    await expect.poll(() => events.metadata_errors, WAIT).toBe(1);
    await expect.poll(texts, WAIT).toEqual(["one"]);
    api.status = undefined;
    api.put(pod("web", { labels: { app: "late" } }));
    await untilService(logOf("web"), "late");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("403");
  });

  it.skipIf(!hasOpenssl)("trusts the certificates of the service account and no others (openssl)", async () => {
    const secure = await ApiDouble.start(certificate(folder, "server"));
    try {
      certificate(folder, "other");
      secure.put(pod("web", { labels: { app: "trusted" } }));
      write(logOf("web"), cri("one"));
      await start({ api_server: `https://127.0.0.1:${secure.port}`, ca_file: join(folder, "other.crt"), metadata_wait: 20 });
      await expect.poll(() => events.metadata_errors, WAIT).toBe(1);
      expect(secure.requests).toEqual([]);
      await source!.stop();
      await start({ api_server: `https://127.0.0.1:${secure.port}`, ca_file: join(folder, "server.crt") });
      await untilService(logOf("web"), "trusted");
    } finally {
      await source?.stop();
      await secure.close();
    }
  });
});

const withOwner = (kind: string, name: string, labels: Record<string, string> = {}): Pod => pod("p", { owner: { kind, name }, labels });

describe("names", () => {
  it.each([
    ["/var/log/pods/kube-system_etcd-node_8f1e/etcd/3.log", { namespace: "kube-system", pod: "etcd-node", uid: "8f1e", container: "etcd", restarts: "3" }],
    ["/var/log/pods/a_b_c/d/0.log.20240506-070809", { namespace: "a", pod: "b", uid: "c", container: "d", restarts: "0" }],
    [`/var/log/containers/web-0_shop_app-1-${"0".repeat(64)}.log`, { namespace: "shop", pod: "web-0", container: "app-1", containerId: "0".repeat(64) }],
    ["/var/log/containers/other.log", undefined],
    ["/var/log/syslog", undefined],
  ])("of %s", (path, place) => expect(placeOfLog(path)).toEqual(place));

  const options = { select: "all", node: "", wantsLabel: () => false, wantsAnnotation: () => false } as const;
  const place = { namespace: "shop", pod: "p", container: "web" };
  it.each([
    [withOwner("ReplicaSet", "api-abc", { "pod-template-hash": "abc" }), "api", "k8s.deployment.name"],
    [withOwner("ReplicaSet", "bare"), "bare", "k8s.replicaset.name"],
    [withOwner("StatefulSet", "db"), "db", "k8s.statefulset.name"],
    [withOwner("DaemonSet", "agent"), "agent", "k8s.daemonset.name"],
    [withOwner("Job", "backup-28437120"), "backup", "k8s.cronjob.name"],
    [withOwner("Job", "migrate"), "migrate", "k8s.job.name"],
    [withOwner("Node", "n"), "web", undefined],
    [pod("p", { annotations: { "obs.io/service": "named" }, labels: { app: "x" } }), "named", undefined],
  ])("of services: %#", (described, service, attribute) => {
    const { service: found, attributes } = describePodContainer(described, place, options);
    expect(found).toBe(service);
    expect(attribute === undefined || attributes[attribute] === service).toBe(true);
  });

  it.each([
    [{ KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "6443" }, "https://10.0.0.1:6443"],
    [{ KUBERNETES_SERVICE_HOST: "fd00::1" }, "https://[fd00::1]:443"],
    [{}, undefined],
  ])("of the API server: %j", (environment, address) => expect(apiAddress(undefined, environment)).toBe(address));
});
