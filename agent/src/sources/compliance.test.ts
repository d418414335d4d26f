/**
 * What every source has to do (CONTRIBUTING.md; Source in ../core/contracts.ts), as one suite that
 * runs over all of them. A new source is a row in SUBJECTS and an example in agent/docs/examples.
 */

import { createSocket } from "node:dgram";
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { decodeMulti, encode } from "@msgpack/msgpack";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { execSchema, fluentForwardSchema, httpSchema, syslogSchema } from "../config/listeners.ts";
import { loadConfig } from "../config/load.ts";
import { SOURCE_CLASSES, type SourceClass } from "../config/schema.ts";
import { systemClock } from "../core/clock.ts";
import type { MetricShard, Source } from "../core/contracts.ts";
import { createExecSource } from "./exec/index.ts";
import { createFileSource, fileSourceSchema } from "./file/index.ts";
import { createFluentForwardSource } from "./fluent-forward/index.ts";
import { createHostMetricsSource } from "./host-metrics/index.ts";
import { createHttpSource } from "./http/index.ts";
import { createStdinSource } from "./stdin/index.ts";
import { createSyslogSource } from "./syslog/index.ts";
import { KeepingCounters, KeepingLineShard, KeepingRecordShard, keepingLog } from "./fixtures.ts";

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
    expect(parse(readFileSync(join(EXAMPLES, example!), "utf8"))).toHaveProperty(of === "file" ? "files" : of);
  });
});

const buildHostMetrics = () => {
  let scrapes = 0;
  const gate = new KeepingLineShard();
  const shard: MetricShard = {
    observe: async () => {
      await gate.ready();
      scrapes++;
    },
  };
  const source = createHostMetricsSource({ intervalMs: 20 }, shard, context.deps);
  opened.push(source);
  return { source, gate, scrapes: () => scrapes };
};

describe("source host_metrics", () => {
  it("may be stopped without a start, and more than once", async () => {
    const { source, scrapes } = buildHostMetrics();
    await Promise.all([source.stop(), source.stop()]);
    expect(scrapes()).toBe(0);
  });

  it("starts once, and stops while it is pushed back", async () => {
    const { source, gate, scrapes } = buildHostMetrics();
    await Promise.all([source.start(), source.start()]);
    await source.start();
    await expect.poll(scrapes, WAIT).toBeGreaterThan(1);
    gate.block();
    await expect.poll(() => gate.waits, WAIT).toBe(1);
    await source.stop();
    await source.stop();
  });
});

it("covers every kind of source", () => {
  expect([...new Set(Object.values(SUBJECTS).map(({ of }) => of)), "host_metrics"].sort()).toEqual([...SOURCE_CLASSES].sort());
});
