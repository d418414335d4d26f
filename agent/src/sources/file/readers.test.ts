import { copyFileSync, renameSync, truncateSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.ts";
import { FollowedFile } from "./followed-file.ts";
import { Harness, until } from "./harness.ts";
import { firstNameOf, Readers } from "./readers.ts";

const NOTHING = { lost: [], repeated: [], strange: [] };
/** Fingerprints are full, so that restarts tell files apart. */
const LONG = "x".repeat(200);

describe("the first name of a log file", () => {
  it.each([
    ["/var/log/app.log", "/var/log/app.log"],
    ["/var/log/app.log.1", "/var/log/app.log"],
    ["/var/log/app.log.old.bak", "/var/log/app.log"],
    ["/var/log/app-2026-11-22.log", "/var/log/app.log"],
    ["/var/log/web", "/var/log/web"],
  ])("%s: %s", (path, first) => expect(firstNameOf(path)).toBe(first));
});

describe("several readers", () => {
  let harness: Harness;
  afterEach(() => harness.close());

  const rested = async (): Promise<void> => {
    await harness.drained();
    const { scans } = harness;
    await until(() => harness.scans > scans + 3);
  };

  it("share the files by the bytes that are there", async () => {
    harness = new Harness({}, 64 * 1024, undefined, 2);
    harness.write("large.log", 3_000, LONG);
    for (const name of ["a.log", "b.log", "c.log", "d.log"]) harness.write(name, 600, LONG);
    await harness.start();
    await harness.drained();
    const names = harness.shards.map((shard) => [...shard.streams()].map(({ attributes }) => attributes["log.file.path"]!.replace(/.*\//, "")).sort());
    expect(names.flat().sort()).toEqual(["a.log", "b.log", "c.log", "d.log", "large.log"]);
    for (const shard of harness.shards) expect(shard.texts().length).toBeGreaterThan(1_000);
  });

  it.each([0, 1])("a copy and what it was copied from are read by one, so that neither is durable alone (shard %d was flushed)", async (flushed) => {
    harness = new Harness({}, 4_096, undefined, 2);
    const include = [harness.path("*")];
    harness.write("app.log", 20, LONG);
    await harness.start({ include });
    await rested();
    await harness.flush();
    harness.write("app.log", 20, LONG);
    await rested();
    copyFileSync(harness.path("app.log"), harness.path("app.log.1"));
    truncateSync(harness.path("app.log"));
    await rested();
    harness.write("app.log", 20, LONG);
    await rested();
    await harness.shards[flushed]!.flush();
    await harness.kill();
    await harness.start({ include });
    await rested();
    expect(harness.account()).toEqual(NOTHING);
  });

  it("goes on with a file that takes the name of another reader's", async () => {
    harness = new Harness({}, 4_096, undefined, 2);
    const include = [harness.path("*.log")];
    harness.write("app.log", 100, LONG);
    harness.write("next.log", 100, LONG);
    await harness.start({ include });
    await harness.drained();
    for (let round = 0; round < 5; round++) {
      harness.write("app.log", 200, LONG);
      renameSync(harness.path("app.log"), harness.path(`app.log.${round}`));
      renameSync(harness.path("next.log"), harness.path("app.log"));
      harness.write("app.log", 10, LONG);
      harness.write("next.log", 10, LONG);
      await rested();
    }
    expect(harness.account()).toEqual(NOTHING);
  });
});

const fileOf = (path: string, inode: bigint): FollowedFile => {
  const facts = { device: 1n, inode, birthNs: 0n, size: 1, links: 1, modifiedMs: 0, regular: true };
  return new FollowedFile(path, facts, path, { service: "", host: "", environment: "" }, systemClock, () => {});
};

describe("an inode that is used again", () => {
  it("waits until what another reader has read of it is durable", async () => {
    const woken: string[] = [];
    const flushed: number[] = [];
    const durable = Promise.withResolvers<void>();
    const reader = (number: number) => ({ wake: (file: FollowedFile) => void woken.push(`${number} ${file.path}${file.barred ? " barred" : ""}`), watchClosely: () => {}, run: () => Promise.resolve() });
    const readers = new Readers({ readers: [reader(0), reader(1)], flush: (number) => (flushed.push(number), durable.promise) });
    readers.wake(fileOf("/a.log", 1n));
    readers.wake(fileOf("/b.log", 2n));
    const again = fileOf("/c.log", 2n);
    readers.wake(again);
    expect(woken).toEqual(["0 /a.log", "1 /b.log", "0 /c.log barred"]);
    expect(flushed).toEqual([1]);
    durable.resolve();
    await expect.poll(() => woken.at(-1)).toBe("0 /c.log");
    readers.wake(fileOf("/b.log.1", 2n));
    expect(flushed).toEqual([1, 0]);
  });
});
