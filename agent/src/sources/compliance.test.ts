/**
 * What every source has to do (CONTRIBUTING.md; Source in ../core/contracts.ts), as one suite that
 * runs over all of them. A new source is a row in SUBJECTS and an example in agent/docs/examples.
 */

import { createSocket } from "node:dgram";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { decodeMulti, encode } from "@msgpack/msgpack";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { dockerSchema, journaldSchema, kubernetesSchema } from "../config/collected-logs.ts";
import { execSchema, fluentForwardSchema, httpSchema, syslogSchema } from "../config/listeners.ts";
import { loadConfig } from "../config/load.ts";
import { otlpSchema, prometheusSchema, statsdSchema } from "../config/metric-sources.ts";
import { SOURCE_CLASSES, type SourceClass } from "../config/schema.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import type { MetricShard, Source } from "../core/contracts.ts";
import type { SourcePlugin } from "../plugin.ts";
import type { Follow } from "./containers/contracts.ts";
import { createDockerSource } from "./docker/index.ts";
import { createExecSource } from "./exec/index.ts";
import { createFileSource, fileSourceSchema } from "./file/index.ts";
import { createFluentForwardSource } from "./fluent-forward/index.ts";
import { createHostMetricsSource, hostMetricsSourceSchema } from "./host-metrics/index.ts";
import { createHttpSource } from "./http/index.ts";
import { createJournaldSource } from "./journald/index.ts";
import { createKubernetesSource } from "./kubernetes/index.ts";
import { createOtlpSource } from "./otlp/index.ts";
import { createPluginSource } from "./plugin/index.ts";
import { createPrometheusSource } from "./prometheus/index.ts";
import { createStatsdSource } from "./statsd/index.ts";
import { createStdinSource } from "./stdin/index.ts";
import { createSyslogSource } from "./syslog/index.ts";
import { KeepingCounters, KeepingLineShard, KeepingMetricShard, KeepingRecordShard, KeepingSpanShard, keepingLog } from "./fixtures.ts";

const WAIT = { timeout: 10_000, interval: 5 };
const ROWS = 50;
const EXAMPLES = fileURLToPath(new URL("../../docs/examples/", import.meta.url));

interface Subject {
  readonly source: Source;
  readonly shard: { readonly waits: number; block(): void; unblock(): void };
  /** Rows that were taken. */
  rows(): number;
  /** Sends ROWS rows to a source that runs; resolves when they are answered, or at once when nothing answers. */
  feed(): Promise<void>;
  /** Counts of the source that must add up to the rows, where it counts rows itself. */
  counted?(): number;
  /** TCP port that must be free again after a stop. */
  port?(): number | undefined;
}

interface Context {
  readonly folder: string;
  readonly counters: KeepingCounters;
  readonly deps: { readonly clock: typeof systemClock; readonly log: ReturnType<typeof keepingLog>["log"]; readonly host: string; readonly counters: KeepingCounters; readonly positions: Map<string, Uint8Array> };
}

const LINES = Array.from({ length: ROWS }, (_, index) => `line ${index}\n`);

/** Writes to a port and waits for an answer, or for the end where none comes. */
const exchange = (port: number, bytes: Uint8Array | string, isAnswered: (heard: Buffer) => boolean): Promise<void> =>
  new Promise((resolve, reject) => {
    let heard = Buffer.alloc(0);
    const socket = connect(port, "127.0.0.1", () => socket.end(bytes));
    socket.on("data", (chunk: Buffer) => (heard = Buffer.concat([heard, chunk]))).on("error", reject).on("close", () => (isAnswered(heard) ? resolve() : reject(new Error("not answered"))));
  });

const follow = ({ deps }: Context): Follow => (files, shard, more) => createFileSource(fileSourceSchema.parse({ ...files, pollIntervalMs: 10, scanIntervalMs: 50 }), shard, { ...deps, ...more });

const appendTo = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, text);
};

const SUBJECTS: Readonly<Record<string, { readonly of: SourceClass; /** In agent/docs/examples; a pipe needs no configuration. */
  readonly example?: string; readonly replies?: true; readonly create: (context: Context) => Subject }>> = {
  file: {
    of: "file",
    example: "files.yaml",
    create: ({ folder, deps }) => {
      const shard = new KeepingLineShard();
      const options = fileSourceSchema.parse({ include: [join(folder, "*.log")], readFrom: "beginning", pollIntervalMs: 10, scanIntervalMs: 50 });
      return { shard, source: createFileSource(options, shard, deps), rows: () => shard.lines.length, feed: async () => appendFileSync(join(folder, "a.log"), LINES.join("")) };
    },
  },
  stdin: {
    of: "stdin",
    create: ({ deps }) => {
      const shard = new KeepingLineShard();
      const input = new PassThrough();
      return { shard, source: createStdinSource({ service: "stdin", environment: "" }, shard, { ...deps, input }), rows: () => shard.lines.length, feed: async () => void input.write(LINES.join("")) };
    },
  },
  "syslog over UDP": {
    of: "syslog",
    example: "syslog.yaml",
    create: ({ deps, counters }) => {
      const shard = new KeepingRecordShard();
      const source = createSyslogSource(syslogSchema.parse({ listen: "127.0.0.1:0", protocols: ["udp"] }), shard, deps);
      const feed = async (): Promise<void> => {
        const socket = createSocket("udp4");
        for (const line of LINES) await new Promise((resolve) => socket.send(`<14>app: ${line}`, source.ports.udp!, "127.0.0.1", resolve));
        await new Promise<void>((resolve) => socket.close(resolve));
      };
      return { shard, source, rows: () => shard.records.length, feed, counted: () => counters.get("messages") };
    },
  },
  "syslog over TCP": {
    of: "syslog",
    example: "syslog.yaml",
    create: ({ deps, counters }) => {
      const shard = new KeepingRecordShard();
      const source = createSyslogSource(syslogSchema.parse({ listen: "127.0.0.1:0", protocols: ["tcp"] }), shard, deps);
      const feed = (): Promise<void> => {
        void exchange(source.ports.tcp!, LINES.map((line) => `<14>app: ${line}`).join(""), () => true).catch(() => {});
        return Promise.resolve();
      };
      return { shard, source, rows: () => shard.records.length, feed, counted: () => counters.get("messages"), port: () => source.ports.tcp };
    },
  },
  http: {
    of: "http",
    example: "http.yaml",
    replies: true,
    create: ({ deps }) => {
      const shard = new KeepingLineShard();
      const source = createHttpSource(httpSchema.parse({ listen: "127.0.0.1:0" }), shard, deps);
      const feed = async (): Promise<void> => {
        const { status } = await fetch(`http://127.0.0.1:${source.port}/`, { method: "POST", body: LINES.join("") });
        if (status !== 204) throw new Error(`answered with ${status}`);
      };
      return { shard, source, rows: () => shard.lines.length, feed, port: () => source.port };
    },
  },
  fluent_forward: {
    of: "fluent_forward",
    example: "fluent-forward.yaml",
    replies: true,
    create: ({ deps, counters }) => {
      const shard = new KeepingRecordShard();
      const source = createFluentForwardSource(fluentForwardSchema.parse({ listen: "127.0.0.1:0" }), shard, deps);
      const message = encode(["app", LINES.map((log) => [1, { log }]), { chunk: "c" }]);
      return { shard, source, rows: () => shard.records.length, feed: () => exchange(source.port!, message, (heard) => [...decodeMulti(heard)].length === 1), counted: () => counters.get("events"), port: () => source.port };
    },
  },
  otlp: {
    of: "otlp",
    example: "otlp.yaml",
    replies: true,
    create: ({ deps, counters }) => {
      const shard = new KeepingRecordShard();
      const options = otlpSchema.parse({ http: { listen: "127.0.0.1:0" }, grpc: { listen: "127.0.0.1:0" } });
      const source = createOtlpSource(options, { records: shard, metrics: new KeepingMetricShard(), spans: new KeepingSpanShard() }, { ...deps, environment: "" });
      const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: LINES.map((line) => ({ body: { stringValue: line } })) }] }] });
      const feed = async (): Promise<void> => {
        const { status } = await fetch(`http://127.0.0.1:${source.httpPort}/v1/logs`, { method: "POST", headers: { "content-type": "application/json" }, body });
        if (status !== 200) throw new Error(`answered with ${status}`);
      };
      return { shard, source, rows: () => shard.records.length, feed, counted: () => counters.get("log_records"), port: () => source.httpPort };
    },
  },
  "otlp traces": {
    of: "otlp",
    example: "otlp.yaml",
    replies: true,
    create: ({ deps, counters }) => {
      const shard = new KeepingSpanShard();
      const options = otlpSchema.parse({ http: { listen: "127.0.0.1:0" }, grpc: { listen: "127.0.0.1:0" } });
      const source = createOtlpSource(options, { records: new KeepingRecordShard(), metrics: new KeepingMetricShard(), spans: shard }, { ...deps, environment: "" });
      const spans = LINES.map((name, index) => ({ name, traceId: "5b8efff798038103d269b633813fc60c", spanId: (index + 1).toString(16).padStart(16, "0"), startTimeUnixNano: "1700000000000000000" }));
      const feed = async (): Promise<void> => {
        const { status } = await fetch(`http://127.0.0.1:${source.httpPort}/v1/traces`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }) });
        if (status !== 200) throw new Error(`answered with ${status}`);
      };
      return { shard, source, rows: () => shard.spans.length, feed, counted: () => counters.get("spans"), port: () => source.httpPort };
    },
  },
  statsd: {
    of: "statsd",
    example: "statsd.yaml",
    create: ({ deps }) => {
      const shard = new KeepingMetricShard();
      const source = createStatsdSource({ ...statsdSchema.parse({ listen: "127.0.0.1:0" }), flush_interval: 20 }, shard, deps);
      const feed = async (): Promise<void> => {
        const socket = createSocket("udp4");
        for (const index of LINES.keys()) await new Promise((resolve) => socket.send(`metric.${index}:1|c`, source.port!, "127.0.0.1", resolve));
        await new Promise<void>((resolve) => socket.close(resolve));
      };
      return { shard, source, rows: () => shard.metrics.size, feed };
    },
  },
  journald: {
    of: "journald",
    example: "journald.yaml",
    create: ({ folder, deps, counters }) => {
      const shard = new KeepingLineShard();
      const [command, path] = [join(folder, "journalctl"), join(folder, "fed")];
      writeFileSync(command, `#!/bin/sh\nuntil [ -s '${path}' ]; do sleep 0.01; done; cat '${path}'; exec sleep 60\n`, { mode: 0o755 });
      const source = createJournaldSource({ ...journaldSchema.parse({ read_from: "beginning" }), command }, shard, deps);
      const entries = LINES.map((MESSAGE, at) => `${JSON.stringify({ __CURSOR: `c${at}`, MESSAGE: MESSAGE.trim() })}\n`);
      return { shard, source, rows: () => shard.lines.length, feed: async () => writeFileSync(path, entries.join("")), counted: () => counters.get("entries_read") };
    },
  },
  docker: {
    of: "docker",
    example: "docker.yaml",
    create: (context) => {
      const shard = new KeepingLineShard();
      const log = join(context.folder, "containers", "c".repeat(64), `${"c".repeat(64)}-json.log`);
      appendTo(log, "");
      const options = { ...dockerSchema.parse({ root: context.folder, socket: join(context.folder, "none"), read_from: "beginning", metadata_wait: "0s" }), skipKubernetes: false, skipJournald: false };
      const source = createDockerSource(options, shard, { ...context.deps, follow: follow(context) });
      return { shard, source, rows: () => shard.lines.length, feed: async () => appendTo(log, LINES.map((line) => `${JSON.stringify({ log: line, stream: "stdout" })}\n`).join("")) };
    },
  },
  kubernetes: {
    of: "kubernetes",
    example: "kubernetes.yaml",
    create: (context) => {
      const shard = new KeepingLineShard();
      const log = join(context.folder, "pods", "shop_web_uid", "web", "0.log");
      const source = createKubernetesSource(kubernetesSchema.parse({ include: [join(context.folder, "pods/*/*/*.log")], read_from: "beginning" }), shard, { ...context.deps, follow: follow(context) });
      return { shard, source, rows: () => shard.lines.length, feed: async () => appendTo(log, LINES.map((line) => `2024-05-06T07:08:09Z stdout F ${line}`).join("")) };
    },
  },
  plugin: {
    of: "plugin",
    example: "plugins.yaml",
    create: ({ deps, counters }) => {
      const shard = new KeepingRecordShard();
      const fed = Promise.withResolvers<void>();
      const plugin: SourcePlugin = {
        run: async ({ signal, emit }) => {
          const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
          if ((await Promise.race([fed.promise.then(() => "fed"), ended])) === "fed") for (let at = 0; at < ROWS; at += 10) await emit(LINES.slice(at, at + 10).map((message) => ({ message })), String(at + 10));
          await ended;
        },
      };
      const source = createPluginSource({ name: "own", module: "own.ts", plugin, options: {}, service: "own", environment: "" }, shard, deps);
      return { shard, source, rows: () => shard.records.length, feed: async () => fed.resolve(), counted: () => counters.get("records") };
    },
  },
  exec: {
    of: "exec",
    example: "exec.yaml",
    create: ({ deps, folder }) => {
      const shard = new KeepingLineShard();
      const path = join(folder, "fed");
      const source = createExecSource(execSchema.parse({ command: `until [ -s '${path}' ]; do sleep 0.01; done; cat '${path}'; sleep 60`, stop_timeout: "100ms" }), shard, deps);
      return { shard, source, rows: () => shard.lines.length, feed: async () => writeFileSync(path, LINES.join("")) };
    },
  },
};

let folder: string;
let context: Context;
const opened: Source[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "obs-source-"));
  const counters = new KeepingCounters();
  context = { folder, counters, deps: { clock: systemClock, log: keepingLog().log, host: "here", counters, positions: new Map() } };
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((source) => source.stop()));
  rmSync(folder, { recursive: true });
});

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

const settles = (promise: Promise<unknown>): Promise<string> => promise.then(() => "answered", () => "refused");

describe.each(Object.entries(SUBJECTS))("source %s", (_name, { create, replies }) => {
  const open = (): Subject => {
    const subject = create(context);
    opened.push(subject.source);
    return subject;
  };

  it("may be stopped without a start, and more than once", async () => {
    const { source, rows } = open();
    await Promise.all([source.stop(), source.stop()]);
    await source.stop();
    expect(rows()).toBe(0);
  });

  it("starts once however often it is told to, and takes every row once", async () => {
    const { source, feed, rows, counted, port } = open();
    await Promise.all([source.start(), source.start()]);
    await source.start();
    const bound = port?.();
    await feed();
    await expect.poll(rows, WAIT).toBe(ROWS);
    await Promise.all([source.stop(), source.stop()]);
    expect(rows()).toBe(ROWS);
    expect(counted?.() ?? ROWS).toBe(ROWS);
    expect(bound === undefined || (await isFree(bound))).toBe(true);
  });

  it("takes nothing while it is pushed back, answers nothing that is not taken, and loses nothing", async () => {
    const { source, shard, feed, rows } = open();
    await source.start();
    shard.block();
    let isAnswered = false;
    const fed = feed().then(() => (isAnswered = true));
    await expect.poll(() => shard.waits, WAIT).toBeGreaterThan(0);
    expect([rows(), isAnswered && replies === true]).toEqual([0, false]);
    shard.unblock();
    await fed;
    await expect.poll(rows, WAIT).toBe(ROWS);
  });

  it("stops while it is pushed back, and has answered for no more than it has taken", async () => {
    const { source, shard, feed, rows } = open();
    await source.start();
    shard.block();
    const answer = settles(feed());
    await expect.poll(() => shard.waits, WAIT).toBeGreaterThan(0);
    await source.stop();
    expect(replies && (await answer) === "answered" ? rows() : ROWS).toBe(ROWS);
  });
});

describe("example", () => {
  const examples = readdirSync(EXAMPLES).filter((name) => name.endsWith(".yaml"));

  it.each(examples)("%s is a valid configuration", async (name) => {
    expect(await loadConfig([join(EXAMPLES, name)], {})).toHaveProperty("config");
  });

  it.each(Object.entries(SUBJECTS).filter(([, { example }]) => example !== undefined))("of the source %s shows it", (_name, { example, of }) => {
    expect(examples).toContain(example);
    expect(parse(readFileSync(join(EXAMPLES, example!), "utf8"))).toHaveProperty({ file: "files", plugin: "plugins" }[of as string] ?? of);
  });
});

/** Sources that ask by themselves, and leave out what they are not asked for. */
const ASKING: Readonly<Record<string, (shard: MetricShard) => Promise<Source> | Source>> = {
  host_metrics: (shard) => createHostMetricsSource(hostMetricsSourceSchema.parse({ intervalMs: 1_000 }), shard, { ...context.deps, clock: fastClock }),
  prometheus: (shard) => {
    const config = prometheusSchema.parse({ scrape_configs: [{ job_name: "nobody", static_configs: [{ targets: ["127.0.0.1:1"] }] }] });
    return createPrometheusSource(config, shard, { ...context.deps, clock: fastClock });
  },
};

/** Time that runs a hundred times as fast. */
const fastClock: Clock = { ...systemClock, nowMs: () => Math.floor(performance.now() * 100), after: (ms, callback) => systemClock.after(ms / 100, callback) };

describe.each(Object.entries(ASKING))("source %s", (_name, create) => {
  const open = async (): Promise<{ source: Source; shard: KeepingMetricShard }> => {
    const shard = new KeepingMetricShard();
    const source = await create(shard);
    opened.push(source);
    return { source, shard };
  };

  it("may be stopped without a start, and more than once", async () => {
    const { source, shard } = await open();
    await Promise.all([source.stop(), source.stop()]);
    expect(shard.scrapes).toEqual([]);
  });

  it("starts once, and stops while it is pushed back", async () => {
    const { source, shard } = await open();
    await Promise.all([source.start(), source.start()]);
    await source.start();
    await expect.poll(() => shard.scrapes.length, WAIT).toBeGreaterThan(1);
    shard.block();
    await expect.poll(() => shard.waits, WAIT).toBe(1);
    await source.stop();
    await source.stop();
  });
});

it("covers every kind of source", () => {
  expect([...new Set(Object.values(SUBJECTS).map(({ of }) => of)), ...Object.keys(ASKING)].sort()).toEqual([...SOURCE_CLASSES].sort());
});
