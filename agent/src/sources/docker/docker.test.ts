import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.ts";
import { createLog } from "../../core/log.ts";
import { createFileSource, fileSourceSchema } from "../file/index.ts";
import { RecordingShard } from "../file/recording-shard.ts";
import type { Follow } from "../containers/contracts.ts";
import { containerId, EngineDouble, inspected } from "./engine-double.ts";
import { messages } from "./frames.ts";
import { createDockerSource, type DockerSourceOptions } from "./index.ts";

const WAIT = { timeout: 10_000, interval: 10 };

let folder: string;
let engine: EngineDouble;
let shard: RecordingShard;
let source: ReturnType<typeof createDockerSource> | undefined;
let events: Record<string, number>;
let warnings: string[];

const path = (...names: string[]): string => join(folder, ...names);
const logPath = (number: number): string => path("docker", "containers", containerId(number), `${containerId(number)}-json.log`);
const texts = (): string[] => shard.texts();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "obs-docker-"));
  engine = await EngineDouble.start(path("docker.sock"));
  shard = new RecordingShard(64 * 1024);
  events = {};
  warnings = [];
});
afterEach(async () => {
  await source?.stop();
  source = undefined;
  await engine.close();
  rmSync(folder, { recursive: true });
});

const follow = (counters: { add(event: string, by?: number): void; set(): void }): Follow => (options, lines, more) =>
  createFileSource(fileSourceSchema.parse({ ...options, pollIntervalMs: 20, scanIntervalMs: 100, rotatedQuietMs: 200 }), lines, { clock: systemClock, log: createLog({ level: "error", format: "text", write: () => {} }), host: "host-1", counters, ...more });

const withDefaults = (options: Partial<DockerSourceOptions>): DockerSourceOptions => ({
  enabled: true, root: path("docker"), socket: path("docker.sock"), labels: ["*"], read_from: "beginning", environment: "test", metadata_wait: 10_000, partial_wait: 300, skipKubernetes: false, skipJournald: false, ...options,
});

const start = async (options: Partial<DockerSourceOptions> = {}): Promise<void> => {
  const counters = { add: (event: string, by = 1) => void (events[event] = (events[event] ?? 0) + by), set: () => {} };
  const log = createLog({ level: "warn", format: "text", write: (line) => warnings.push(line) });
  source = createDockerSource(withDefaults(options), shard, { positions: new Map(shard.positions), clock: systemClock, log, host: "host-1", counters, follow: follow(counters) });
  await source.start();
};

const line = (text: string, side = "stdout", time = "2024-05-06T07:08:09.1Z"): string => `${JSON.stringify({ log: text, stream: side, time })}\n`;

const write = (number: number, text: string): void => {
  mkdirSync(join(logPath(number), ".."), { recursive: true });
  appendFileSync(logPath(number), text);
};

describe("docker's log files", () => {
  it("are rows with what docker knows of their container", async () => {
    const labels = { team: "shop", "com.docker.compose.project": "store", "com.docker.compose.service": "front", "com.docker.compose.config-hash": "x", "org.opencontainers.image.title": "x" };
    engine.put(inspected(1, { name: "store-front-1", image: "reg:5000/shop/web:1.2@sha256:abc", labels }));
    write(1, line("hello\n") + line("oh no\n", "stderr"));
    await start();
    await expect.poll(texts, WAIT).toEqual(["hello", "oh no"]);
    expect(shard.streams().size).toBe(2);
    const stream = [...shard.streams()][1]!;
    expect(stream).toMatchObject({ service: "front", host: "host-1", environment: "test" });
    expect(stream.attributes).toEqual({
      "log.file.path": logPath(1), "log.iostream": "stderr", "container.id": containerId(1), "container.name": "store-front-1", "container.runtime": "docker",
      "container.image.name": "reg:5000/shop/web", "container.image.tags": "1.2", "docker.compose.project": "store", "docker.compose.service": "front", "container.label.team": "shop",
    });
  });

  it("wait for metadata that comes late, while others are read", async () => {
    engine.put(inspected(1));
    write(1, line("known\n"));
    await start();
    await expect.poll(texts, WAIT).toEqual(["known"]);
    write(2, line("late\n"));
    write(1, line("meanwhile\n"));
    await expect.poll(texts, WAIT).toEqual(["known", "meanwhile"]);
    engine.put(inspected(2, { name: "second" }), "create");
    await expect.poll(texts, WAIT).toEqual(["known", "meanwhile", "late"]);
    expect([...shard.streams()].map(({ service }) => service)).toEqual(["app-1", "second"]);
  });

  it("go without metadata when it does not come in time, and get it from then on", async () => {
    engine.hold();
    write(1, line("one\n"));
    await start({ metadata_wait: 50 });
    await expect.poll(texts, WAIT).toEqual(["one"]);
    expect(events.metadata_late).toBe(1);
    expect([...shard.streams()][0]).toMatchObject({ service: containerId(1).slice(0, 12), attributes: { "container.id": containerId(1) } });
    engine.put(inspected(1, { name: "web" }));
    engine.release();
    await expect.poll(() => engine.listening, WAIT).toBe(1);
    await expect.poll(() => engine.requests.filter((url) => url.endsWith("/json")).length, WAIT).toBeGreaterThan(0);
    let written = 1;
    await expect.poll(() => (write(1, line(`${++written}\n`)), [...shard.streams()].at(-1)!.service), { timeout: 10_000, interval: 50 }).toBe("web");
  });

  it("of containers that ask for it stay where they are, also when they ask later", async () => {
    engine.put(inspected(1, { labels: { "obs.io/exclude": "true" } }));
    engine.put(inspected(2, { labels: { "io.kubernetes.pod.name": "web" } }));
    engine.put(inspected(3));
    for (const number of [1, 2, 3]) write(number, line(`from ${number}\n`));
    await start({ skipKubernetes: true });
    await expect.poll(texts, WAIT).toEqual(["from 3"]);
    await expect.poll(() => events.bytes_excluded, WAIT).toBeGreaterThan(100);
    engine.put(inspected(3, { name: "renamed" }), "rename");
    let written = 0;
    await expect.poll(() => (write(3, line(`${++written}\n`)), [...shard.streams()].at(-1)!.service), { timeout: 10_000, interval: 50 }).toBe("renamed");
    expect(texts().filter((text) => !/^(from 3|\d+)$/.test(text))).toEqual([]);
  });

  it("are read on after rotation and restart, each line once", async () => {
    engine.put(inspected(1));
    write(1, line("1\n") + line("2 begun, ") + line("2 ended\n"));
    await start();
    await expect.poll(texts, WAIT).toEqual(["1", "2 begun, 2 ended"]);
    await shard.flush();
    await source!.stop();
    write(1, line("3\n"));
    renameSync(logPath(1), `${logPath(1)}.1`);
    writeFileSync(logPath(1), line("4\n") + line("prompt: "));
    await start();
    await expect.poll(texts, WAIT).toEqual(["1", "2 begun, 2 ended", "3", "4", "prompt: "]);
    expect(events.partials_split).toBe(1);
    await shard.flush();
    expect([...shard.positions.keys()].every((id) => id.startsWith("docker/file/"))).toBe(true);
  });

  it("go on when docker goes away and comes back", async () => {
    engine.put(inspected(1));
    write(1, line("1\n"));
    await start();
    await expect.poll(texts, WAIT).toEqual(["1"]);
    engine.put(inspected(1, { name: "other" }), "none");
    engine.cut();
    await expect.poll(() => engine.listening, WAIT).toBe(1);
    let written = 1;
    await expect.poll(() => (write(1, line(`${++written}\n`)), [...shard.streams()].at(-1)!.service), { timeout: 10_000, interval: 50 }).toBe("other");
  });
});

const said = (at: number, text: string, side: "stdout" | "stderr" = "stdout") => ({ time: `2024-05-06T07:08:09.${String(at).padStart(9, "0")}Z`, side, text });

describe("docker's API as a fallback", () => {
  const api = { root: "/nowhere" };

  it("gives the same rows as files, with and without a terminal", async () => {
    engine.put(inspected(1, { name: "web" }));
    engine.put(inspected(2, { name: "tty", tty: true }));
    engine.say(containerId(1), said(1, "one\n"));
    engine.say(containerId(1), said(2, "tw"));
    engine.say(containerId(1), said(3, "err\n", "stderr"));
    engine.say(containerId(1), said(4, "o\n"));
    engine.say(containerId(2), said(5, "shell\r\n"));
    await start(api);
    await expect.poll(() => texts().sort(), WAIT).toEqual(["err", "one", "shell\r", "two"]);
    engine.say(containerId(1), said(6, "live\n"));
    await expect.poll(() => texts().at(-1), WAIT).toBe("live");
    const sides = [...shard.streams()].map(({ service, attributes }) => `${service} ${attributes["log.iostream"]}`);
    expect(sides.sort()).toEqual(["tty stdout", "web stderr", "web stdout"]);
  });

  it("reads other drivers' logs beside files, but what others read not at all", async () => {
    mkdirSync(path("docker", "containers"), { recursive: true });
    engine.put(inspected(1, { driver: "local" }));
    engine.put(inspected(2, { driver: "journald" }));
    engine.put(inspected(3, { driver: "none" }));
    engine.put(inspected(4));
    for (const number of [1, 2, 3, 4]) engine.say(containerId(number), said(1, `by api ${number}\n`));
    write(4, line("by file 4\n"));
    await start({ skipJournald: true });
    await expect.poll(() => texts().sort(), WAIT).toEqual(["by api 1", "by file 4"]);
  });

  it("waits for the end of a line, then takes what there is; a stopped container's last line too", async () => {
    engine.put(inspected(1));
    engine.say(containerId(1), said(1, "Password: "));
    await start(api);
    await expect.poll(texts, WAIT).toEqual(["Password: "]);
    engine.say(containerId(1), said(2, "last words"));
    await expect.poll(() => engine.following, WAIT).toBe(1);
    engine.endLogs();
    await expect.poll(texts, WAIT).toEqual(["Password: ", "last words"]);
    engine.say(containerId(1), said(3, "again\n"));
    engine.put(inspected(1), "start");
    await expect.poll(texts, WAIT).toEqual(["Password: ", "last words", "again"]);
  });

  it("repeats and loses nothing over cut connections and kills, with times that repeat and jump", { timeout: 60_000 }, async () => {
    engine.put(inspected(1));
    const total = 3_000;
    let number = 0;
    // Times go up by one every few messages, and back by one now and then.
    const say = (count: number): void => {
      for (let each = 0; each < count && number < total; each++, number++) engine.say(containerId(1), said(1_000 + Math.floor(number / 3) - (number % 7 === 0 ? 1 : 0), `line ${number}\n`, number % 2 ? "stdout" : "stderr"));
    };
    for (let round = 0; round < 6; round++) {
      say(300);
      await start(api);
      await expect.poll(() => texts().length, WAIT).toBe(number);
      if (round % 2 === 0) await shard.flush();
      engine.cut();
      say(100);
      await expect.poll(() => texts().length, WAIT).toBe(number);
      await source!.stop();
      shard.crash();
    }
    await start(api);
    await expect.poll(() => texts().length, WAIT).toBe(number);
    const numbers = texts().map((text) => Number(text.slice(5)));
    expect(numbers).toEqual(Array.from({ length: number }, (_, at) => at));
  });

  it("may be stopped without a start, and twice", async () => {
    const counters = { add: () => {}, set: () => {} };
    const unused = createDockerSource(withDefaults(api), shard, { positions: [], clock: systemClock, log: createLog({ level: "error", format: "text", write: () => {} }), host: "h", counters, follow: follow(counters) });
    expect(unused.name).toBe("docker");
    await unused.stop();
    await unused.stop();
  });
});

const collect = async (body: readonly Uint8Array[], isTerminal: boolean): Promise<string[]> => {
  const found: string[] = [];
  for await (const { side, bytes } of messages((async function* () { yield* body; })(), isTerminal)) found.push(`${side} ${bytes.toString()}`);
  return found;
};
const cutUp = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index]!, end));
};

describe("framed messages", () => {
  it("are found wherever the stream is cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(1, 2), fc.string({ unit: "binary" }))), fc.array(fc.nat()), async (sent, places) => {
        const frames = sent.map(([side, text]) => {
          const header = Buffer.from([side, 0, 0, 0, 0, 0, 0, 0]);
          header.writeUInt32BE(Buffer.byteLength(text), 4);
          return Buffer.concat([header, Buffer.from(text)]);
        });
        const expected = sent.map(([side, text]) => `${side === 2 ? "stderr" : "stdout"} ${Buffer.from(text).toString()}`);
        expect(await collect(cutUp(Buffer.concat(frames), places), false)).toEqual(expected);
      }),
    );
  });

  it("are lines where there is a terminal", async () => {
    expect(await collect(cutUp(Buffer.from("a\r\nb\nrest"), [1, 4]), true)).toEqual(["stdout a\r\n", "stdout b\n", "stdout rest"]);
  });

  it("are told from anything else", async () => {
    await expect(collect([Buffer.from("<html>not docker</html>")], false)).rejects.toThrow("not a framed log stream");
  });
});
