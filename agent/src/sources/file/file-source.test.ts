import { appendFileSync, chmodSync, readFileSync, renameSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { Harness, until } from "./harness.ts";

const MINUTE_MS = 60_000;
const NOBODY = 65_534;

let harness: Harness;
afterEach(() => harness.close());

const rested = async (): Promise<void> => {
  const { scans } = harness;
  await until(() => harness.scans > scans + 2);
};

describe("lines", () => {
  it("are handed on with their offset, and with what is known of their file", async () => {
    harness = new Harness({ environment: "production" });
    writeFileSync(harness.path("api-01.log"), "one\ntwö\n\nthree\n");
    await harness.start();
    await until(() => harness.shard.texts().length === 4);
    await harness.shard.flush();
    expect(harness.shard.lines.map(({ offset, text }) => [offset, text])).toEqual([[0, "one"], [4, "twö"], [9, ""], [10, "three"]]);
    expect(harness.shard.lines[0]!.stream).toMatchObject({
      service: "api",
      host: "web-01",
      environment: "production",
      attributes: { "log.file.path": harness.path("api-01.log") },
    });
  });

  it("wait for their end", async () => {
    harness = new Harness();
    writeFileSync(harness.path("app.log"), "one\nhal");
    await harness.start();
    await until(() => harness.shard.texts().length === 1);
    await rested();
    expect(harness.shard.texts()).toEqual(["one"]);
    appendFileSync(harness.path("app.log"), "f\n");
    await until(() => harness.shard.texts().length === 2);
    expect(harness.shard.texts()).toEqual(["one", "half"]);
  });

  it("end with their file when it was rotated away and is quiet", async () => {
    harness = new Harness();
    writeFileSync(harness.path("app.log"), "one\nhalf");
    await harness.start();
    await until(() => harness.shard.texts().length === 1);
    renameSync(harness.path("app.log"), harness.path("app.log.1"));
    writeFileSync(harness.path("app.log"), "two\n");
    await until(() => harness.shard.texts().length === 3);
    expect(harness.shard.texts().toSorted()).toEqual(["half", "one", "two"]);
  });

  it("end with their file when it was deleted, and its handle is given back", async () => {
    harness = new Harness();
    writeFileSync(harness.path("app.log"), "one\nhalf");
    await harness.start();
    await until(() => harness.shard.texts().length === 1);
    unlinkSync(harness.path("app.log"));
    await until(() => harness.shard.texts().length === 2 && harness.gauges.files_open === 0, () => harness.gauges);
    expect(harness.shard.texts()).toEqual(["one", "half"]);
  });

  it("of a small file come before those of a large one that began earlier", async () => {
    harness = new Harness({}, 512);
    harness.write("a-large.log", 2_000);
    harness.write("b.log", 3);
    await harness.start();
    await harness.drained();
    const texts = harness.shard.texts();
    expect(texts.indexOf("line 2002")).toBeLessThan(texts.indexOf("line 500"));
    expect(harness.account()).toEqual({ lost: [], repeated: [], strange: [] });
  });

  it("longer than the shard's input do not stop their file", async () => {
    harness = new Harness({}, 1_024);
    writeFileSync(harness.path("app.log"), `${"x".repeat(3_000)}\none\n`);
    await harness.start();
    await until(() => harness.shard.texts().at(-1) === "one");
    expect(harness.shard.texts().join("").length).toBe(3_003);
  });
});

const lines = (count: number): string => Array.from({ length: count }, (_, index) => `line ${index} ${"x".repeat(90)}\n`).join("");

describe("the first start", () => {
  const SMALL = 10;
  const LARGE = 20_000;

  it.each([
    ["beginning", 60, SMALL, SMALL],
    ["end", 0, SMALL, 0],
    [10 * MINUTE_MS, 5, SMALL, SMALL],
    [10 * MINUTE_MS, 15, SMALL, 0],
    ["beginning", 60, LARGE, LARGE],
  ] as const)("from %s, changed %s min ago, %s lines: reads %s", async (readFrom, ageMinutes, count, expected) => {
    harness = new Harness({ readFrom }, 65_536);
    writeFileSync(harness.path("app.log"), lines(count));
    const changed = new Date(Date.now() - ageMinutes * MINUTE_MS);
    utimesSync(harness.path("app.log"), changed, changed);
    await harness.start();
    await until(() => harness.shard.texts().length >= expected);
    await rested();
    expect(harness.shard.texts().length).toBe(expected);
  });

  it("takes the last MiB of a large recent file, from a line's start", async () => {
    harness = new Harness({ readFrom: 10 * MINUTE_MS }, 65_536);
    writeFileSync(harness.path("app.log"), lines(LARGE));
    await harness.start();
    await until(() => harness.shard.texts().at(-1)?.startsWith(`line ${LARGE - 1} `) === true);
    const texts = harness.shard.texts();
    expect(texts[0]).toMatch(/^line \d+ x{90}$/);
    expect(texts.join("\n").length + 1).toBeGreaterThan(1024 * 1024 - 110);
    expect(texts.join("\n").length + 1).toBeLessThanOrEqual(1024 * 1024);
  });

  it("reads files that appear later from their beginning", async () => {
    harness = new Harness({ readFrom: "end" });
    await harness.start();
    harness.write("app.log", 10);
    await harness.drained();
    expect(harness.account()).toEqual({ lost: [], repeated: [], strange: [] });
  });

  it("remembers where it began, even if no line comes before the next start", async () => {
    harness = new Harness({ readFrom: "end" });
    writeFileSync(harness.path("app.log"), "old\nalso ");
    await harness.start();
    await rested();
    await harness.shard.flush();
    await harness.kill();
    appendFileSync(harness.path("app.log"), "new\n");
    await harness.start();
    await until(() => harness.shard.texts().length > 0);
    expect(harness.shard.texts()).toEqual(["also new"]);
  });
});

describe("a restart", () => {
  it("goes on behind what was durable", async () => {
    harness = new Harness({ readFrom: "end" });
    await harness.start();
    harness.write("app.log", 10);
    await harness.drained();
    await harness.shard.flush();
    harness.write("app.log", 10);
    await harness.drained();
    await harness.kill();
    harness.write("app.log", 10);
    await harness.start();
    await harness.drained();
    await rested();
    expect(harness.account()).toEqual({ lost: [], repeated: [], strange: [] });
  });

  it("takes another fingerprint length and does not take files for new", async () => {
    harness = new Harness({ fingerprintBytes: 4_096 });
    harness.write("app.log", 500);
    await harness.start();
    await harness.drained();
    await harness.shard.flush();
    await harness.kill();
    harness.write("app.log", 1);
    await harness.start({ fingerprintBytes: 64 });
    await harness.drained();
    await rested();
    expect(harness.account()).toEqual({ lost: [], repeated: [], strange: [] });
    expect(harness.events["truncations"]).toBeUndefined();
  });

  it("reads anew what has no readable position", async () => {
    harness = new Harness();
    harness.write("app.log", 3);
    harness.shard.positions.set("file/1-2", Buffer.from("not json"));
    harness.shard.positions.set("other/1", Buffer.from("{}"));
    await harness.start();
    await harness.drained();
    expect(harness.account().lost).toEqual([]);
  });
});

describe("limits", () => {
  it("keeps no more files open than allowed, and still reads them all when they grow", async () => {
    harness = new Harness({ maxOpenFiles: 4 });
    const names = Array.from({ length: 20 }, (_, index) => `app-${index}x.log`);
    for (const name of names) harness.write(name, 2);
    await harness.start();
    await harness.drained();
    for (const name of names.toReversed()) harness.write(name, 2);
    await harness.drained();
    await rested();
    expect(harness.gauges).toMatchObject({ files_followed: 20 });
    expect(harness.gauges.files_open).toBeLessThanOrEqual(4);
    expect(harness.account()).toEqual({ lost: [], repeated: [], strange: [] });
  });

  it("finds files that were closed by the limit and then renamed", async () => {
    harness = new Harness({ maxOpenFiles: 1 });
    for (const name of ["a.log", "b.log", "c.log"]) harness.write(name, 2);
    await harness.start();
    await harness.drained();
    for (const name of ["a.log", "b.log", "c.log"]) {
      harness.write(name, 5);
      renameSync(harness.path(name), harness.path(`${name}.1`));
      harness.write(name, 5);
    }
    await harness.drained();
    await rested();
    expect(harness.account()).toEqual({ lost: [], repeated: [], strange: [] });
  });

  it("leaves out files over the limit with one warning", async () => {
    harness = new Harness({ maxFiles: 2 });
    for (const name of ["a.log", "b.log", "c.log", "d.log"]) harness.write(name, 1);
    await harness.start();
    await until(() => harness.shard.texts().length === 2);
    await rested();
    expect(harness.warnings.filter((line) => line.includes("max_files"))).toHaveLength(1);
    expect(harness.events["files_over_limit"]).toBeGreaterThan(1);
  });

  it("reads nothing while the shard pushes back, and stops all the same", async () => {
    harness = new Harness();
    await harness.start();
    harness.shard.block();
    harness.write("app.log", 10);
    await rested();
    expect(harness.shard.texts()).toEqual([]);
    await harness.stop();
    expect(harness.shard.texts()).toEqual([]);
  });
});

/** The superuser may read anything: the agent's user is somebody else here. */
const asOrdinaryUser = async (act: () => Promise<void>): Promise<void> => {
  const user = process.geteuid!();
  if (user === 0) process.seteuid!(NOBODY);
  try {
    await act();
  } finally {
    process.seteuid!(user);
  }
};

describe("what cannot be read", () => {
  it("is named once with the remedy, and read when it may be", async () => {
    harness = new Harness();
    harness.mkdir("closed");
    harness.write("secret.log", 3);
    chmodSync(harness.path("secret.log"), 0);
    chmodSync(harness.path("closed"), 0);
    chmodSync(harness.folder, 0o755);
    await asOrdinaryUser(async () => {
      await harness.start({ include: [harness.path("**/*.log")] });
      await rested();
    });
    const warned = harness.warnings.filter((line) => line.includes("cannot read"));
    expect(warned.filter((line) => line.includes("secret.log"))).toHaveLength(1);
    expect(warned.filter((line) => line.includes("closed"))).toHaveLength(1);
    expect(warned.join("")).toMatch(/EACCES.*setfacl.*exclude it/);
    expect(harness.gauges.files_unreadable).toBe(2);
    chmodSync(harness.path("secret.log"), 0o644);
    await harness.drained();
    expect(harness.warnings.join("")).toContain("can be read now");
  });

  it("is left out quietly when it is no file", async () => {
    harness = new Harness();
    harness.mkdir("folder.log");
    harness.write("app.log", 1);
    await harness.start();
    await harness.drained();
    expect(harness.warnings).toEqual([]);
    expect(readFileSync(harness.path("app.log"), "utf8")).toBe("line 0\n");
  });
});
