import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.ts";
import { createLog } from "../../core/log.ts";
import { ManualClock, RecordingBuffer, TextBlock } from "../../shard/fixtures.ts";
import { BlockLineShard } from "../../shard/line-shard.ts";
import { RecordingShard } from "../file/recording-shard.ts";
import { readEntry } from "./entry.ts";
import { createJournaldSource, findJournal, type JournaldSourceOptions } from "./index.ts";
import { LineQueue } from "./line-queue.ts";

const WAIT = { timeout: 10_000, interval: 10 };
const REMOTE = "/lib/systemd/systemd-journal-remote";
const hasJournal = spawnSync("journalctl", ["--version"]).status === 0 && spawnSync(REMOTE, ["--version"]).status === 0;

let folder: string;
let shard: RecordingShard;
let source: ReturnType<typeof createJournaldSource> | undefined;
let events: Record<string, number>;
let warnings: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "obs-journald-"));
  shard = new RecordingShard(64 * 1024);
  events = {};
  warnings = [];
});
afterEach(async () => {
  await source?.stop();
  source = undefined;
  rmSync(folder, { recursive: true });
});

const create = (options: Partial<JournaldSourceOptions>) =>
  createJournaldSource({ enabled: true, command: "journalctl", folder: "", units: [], read_from: "beginning", environment: "test", ...options }, shard, {
    positions: new Map(shard.positions), clock: systemClock, host: "host-1",
    log: createLog({ level: "warn", format: "text", write: (line) => warnings.push(line) }),
    counters: { add: (event, by = 1) => void (events[event] = (events[event] ?? 0) + by) },
  });
const start = async (options: Partial<JournaldSourceOptions>): Promise<void> => {
  source = create(options);
  await source.start();
};
const texts = (): string[] => shard.texts();

const entry = (number: number, fields: Record<string, unknown> = {}): string =>
  JSON.stringify({ __CURSOR: `c${number}`, __REALTIME_TIMESTAMP: String(1_700_000_000_000_000 + number), MESSAGE: `line ${number}`, PRIORITY: "6", SYSLOG_IDENTIFIER: "app", _HOSTNAME: "box", _PID: "41", ...fields });

describe("entries", () => {
  it.each([
    ["text", { MESSAGE: "hello" }, "hello"],
    ["bytes that are no text", { MESSAGE: [0xff, 0x41] }, Buffer.from([0xff, 0x41]).toString("latin1")],
    ["bytes with escapes of a terminal", { MESSAGE: [27, 91, 51, 49, 109, 104, 105] }, "\u001b[31mhi"],
    ["several lines", { MESSAGE: "one\ntwo" }, '{"message":"one\\ntwo"}'],
    ["bytes of several lines", { MESSAGE: [0x61, 10, 0x62] }, '{"message":"a\\nb"}'],
    ["several messages", { MESSAGE: ["first", "second"] }, "first"],
    ["no message", { MESSAGE: undefined }, ""],
    ["a message that was too long", { MESSAGE: null }, ""],
  ])("have %s", (_name, fields, text) => expect(readEntry(entry(1, fields))!.bytes.toString("latin1")).toBe(text));

  it("map the journal's fields to OTel's names", () => {
    const fields = { _SYSTEMD_UNIT: "nginx.service", _EXE: "/usr/sbin/nginx", _COMM: "nginx", _BOOT_ID: "x", _TRANSPORT: "stdout", CODE_FILE: "a.c", CODE_LINE: "7", REQUEST_ID: "r1", SYSLOG_FACILITY: "3", _SOURCE_REALTIME_TIMESTAMP: "1700000000500001", PRIORITY: "3" };
    expect(readEntry(entry(1, fields))).toEqual({
      cursor: "c1", service: "app", host: "box", bytes: Buffer.from("line 1"), seconds: 1_700_000_000, nanoseconds: 500_001_000, severity: 17, pid: "41",
      attributes: { "process.pid": "41", "systemd.unit": "nginx.service", "process.executable.path": "/usr/sbin/nginx", "process.executable.name": "nginx", "journald.transport": "stdout", "code.file.path": "a.c", "code.line.number": "7", request_id: "r1", syslog_facility: "3" },
    });
  });

  it.each([
    [{ SYSLOG_IDENTIFIER: undefined, _SYSTEMD_UNIT: "a.service", _COMM: "b" }, "a"],
    [{ SYSLOG_IDENTIFIER: undefined, _COMM: "b" }, "b"],
    [{ SYSLOG_IDENTIFIER: undefined }, "journald"],
  ])("are of a service: %j", (fields, service) => expect(readEntry(entry(1, fields))!.service).toBe(service));

  it("may lack what they like", () => {
    expect(readEntry('{"__CURSOR":"c"}')).toMatchObject({ cursor: "c", seconds: -1, severity: 0, service: "journald", host: "" });
    for (const line of ["", "null", "[]", "{}", '{"__CURSOR":', "-- No entries --"]) expect(readEntry(line)).toBeUndefined();
  });
});

/** A journal of numbered entries that behaves as `$folder/script` says: entries to write, then how to end. */
const fakeJournal = (): string => {
  const program = join(folder, "journalctl");
  writeFileSync(
    program,
    `#!${process.execPath}
const { appendFileSync, readFileSync } = require("node:fs");
const args = process.argv.slice(2);
appendFileSync(${JSON.stringify(join(folder, "calls"))}, JSON.stringify(args) + "\\n");
const { entries, end } = JSON.parse(readFileSync(${JSON.stringify(join(folder, "script"))}, "utf8"));
const after = args.find((arg) => arg.startsWith("--after-cursor="))?.slice(15);
const from = after === undefined ? 0 : entries.findIndex((line) => line.includes('"' + after + '"')) + 1;
process.stdout.write(entries.slice(from).map((line) => line + "\\n").join(""), () => {
  if (end === undefined) return setInterval(() => {}, 1000);
  process.stderr.write(end);
  process.exit(1);
});
`,
  );
  chmodSync(program, 0o755);
  return program;
};
const script = (entries: readonly string[], end?: string): void => writeFileSync(join(folder, "script"), JSON.stringify({ entries, end }));
const calls = (): string[][] => readFileSync(join(folder, "calls"), "utf8").trim().split("\n").map((line) => JSON.parse(line) as string[]);

const expected = (count: number): string[] => Array.from({ length: count }, (_, at) => ((at + 1) % 5 === 0 ? `{"message":"line ${at + 1}\\nsecond"}` : `line ${at + 1}`));

describe("the journald source", () => {
  it("goes on behind the last durable entry, and begins again when journalctl ends", async () => {
    const command = fakeJournal();
    script([entry(1), entry(2)], "journal corrupted\n");
    await start({ command });
    await expect.poll(texts, WAIT).toEqual(["line 1", "line 2"]);
    await shard.flush();
    expect([...shard.positions].map(([id, bytes]) => [id, Buffer.from(bytes).toString()])).toEqual([["journald/", "c2"]]);
    await expect.poll(() => warnings.length, WAIT).toBe(1);
    expect(warnings[0]).toContain("journal corrupted");
    script([entry(1), entry(2), entry(3)]);
    await expect.poll(texts, WAIT).toEqual(["line 1", "line 2", "line 3"]);
    await source!.stop();
    shard.crash();
    await start({ command });
    await expect.poll(texts, WAIT).toEqual(["line 1", "line 2", "line 3"]);
    expect(calls()[0]).toEqual(["--output=json", "--follow", "--all", "--quiet", "--no-pager", "--no-tail"]);
    expect(calls().slice(1).every((args) => args.includes("--after-cursor=c2"))).toBe(true);
  });

  it.each<[JournaldSourceOptions["read_from"], unknown[]]>([
    ["end", ["--lines=0"]],
    ["beginning", ["--no-tail"]],
    [60_000, ["--no-tail", expect.stringMatching(/^--since=@\d{10}$/)]],
  ])("begins at the first start as it is told: %s", async (readFrom, place) => {
    const command = fakeJournal();
    script([]);
    await start({ command, read_from: readFrom, folder: "/j", units: ["a.service", "b*"] });
    await expect.poll(() => spawnSync("test", ["-s", join(folder, "calls")]).status, WAIT).toBe(0);
    expect(calls()[0]!.slice(5)).toEqual([...place, "--directory=/j", "--unit=a.service", "--unit=b*"]);
  });

  it("gives each entry its process, host and level, leaves out its own, and counts what is none", async () => {
    const command = fakeJournal();
    script([entry(1), entry(2, { _PID: String(process.pid) }), "no entry", entry(3, { _PID: "42", _HOSTNAME: undefined })]);
    await start({ command });
    await expect.poll(texts, WAIT).toEqual(["line 1", "line 3"]);
    expect([...shard.streams()].map(({ service, host, environment, attributes }) => [service, host, environment, attributes["process.pid"]])).toEqual([["app", "box", "test", "41"], ["app", "host-1", "test", "42"]]);
    expect(events).toEqual({ entries_read: 2, entries_own: 1, entries_malformed: 1 });
  });

  it("says what is missing when there is no journalctl, once", async () => {
    await start({ command: join(folder, "none") });
    await expect.poll(() => warnings.length, WAIT).toBe(1);
    expect(warnings[0]).toContain("ENOENT");
  });

  it("may be stopped without a start, and twice", async () => {
    const unused = create({ command: "none" });
    expect(unused.name).toBe("journald");
    await unused.stop();
    await unused.stop();
  });

  it("keeps the cursor of every entry at which a batch may end", async () => {
    for (const maxRows of [1, 2, 3, 7]) {
      const buffer = new RecordingBuffer();
      const lines = new BlockLineShard({ block: new TextBlock(maxRows), compress: (pieces) => Buffer.concat(pieces), buffer, clock: new ManualClock(), lingerMs: 300 });
      const queue = new LineQueue(lines, { id: "journald/", host: "h", environment: "" });
      for (let number = 1; number <= 23; number++) {
        queue.add(readEntry(entry(number, { _PID: String(number % 3) }))!);
        if (number % 5 === 0) await queue.handOn(new AbortController().signal);
      }
      await queue.handOn(new AbortController().signal);
      await lines.flush();
      const ends = buffer.commits.map(({ batches }) => {
        const last = Buffer.from(batches[0]!.body).toString().split("line ").at(-1);
        return [`c${last}`, Buffer.from(batches[0]!.positions.get("journald/")!).toString()];
      });
      for (const [last, position] of ends) expect(position).toBe(last);
      expect(ends).toHaveLength(Math.ceil(23 / maxRows));
    }
  });

  it.skipIf(!hasJournal)("reads a real journal with the real journalctl, over a restart (systemd-journal-remote)", { timeout: 60_000 }, async () => {
    const journal = join(folder, "journal");
    mkdirSync(journal);
    const boot = "b".repeat(32);
    const write = (from: number, to: number): void => {
      let text = "";
      for (let number = from; number <= to; number++) {
        text += `__REALTIME_TIMESTAMP=${1_700_000_000_000_000 + number * 1_000_000}\n__MONOTONIC_TIMESTAMP=${number * 1_000_000}\n_BOOT_ID=${boot}\n_MACHINE_ID=${boot}\n_HOSTNAME=box\nPRIORITY=${number % 8}\nSYSLOG_IDENTIFIER=app-${number % 2}\n_PID=${number % 3}\n`;
        // A message with a newline in it has to be given with its length.
        const message = number % 5 === 0 ? `line ${number}\nsecond` : `line ${number}`;
        if (!message.includes("\n")) text += `MESSAGE=${message}\n\n`;
        else {
          const length = Buffer.alloc(8);
          length.writeBigUInt64LE(BigInt(Buffer.byteLength(message)));
          text += `MESSAGE\n${length.toString("latin1")}${message}\n\n`;
        }
      }
      writeFileSync(join(folder, "export"), text, "latin1");
      const written = spawnSync(REMOTE, ["--output", join(journal, "test.journal"), join(folder, "export")], { encoding: "utf8" });
      expect([written.status, written.status === 0 ? "" : written.stderr]).toEqual([0, ""]);
    };
    write(1, 12);
    await start({ folder: journal });
    await expect.poll(texts, WAIT).toEqual(expected(12));
    write(13, 20);
    await expect.poll(texts, WAIT).toEqual(expected(20));
    await shard.flush();
    await source!.stop();
    write(21, 23);
    await start({ folder: journal });
    await expect.poll(texts, WAIT).toEqual(expected(23));
    expect(new Set([...shard.streams()].map(({ service }) => service))).toEqual(new Set(["app-0", "app-1"]));
    expect(warnings).toEqual([]);
  });

  it("is looked for where journals are", () => {
    const machine = join(folder, "log", "0123");
    mkdirSync(machine, { recursive: true });
    fakeJournal();
    const found = (): boolean => findJournal({ folders: [join(folder, "none"), join(folder, "log")], socket: join(folder, "socket"), searchPath: `/nowhere:${folder}` });
    expect(found()).toBe(false);
    writeFileSync(join(machine, "system.journal"), "");
    expect(found()).toBe(false);
    writeFileSync(join(folder, "socket"), "");
    expect(found()).toBe(true);
    expect(findJournal({ folders: [join(folder, "log")], socket: join(folder, "socket"), searchPath: "/nowhere" })).toBe(false);
  });
});
