import { copyFileSync, linkSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { Harness, until } from "./harness.ts";
import type { FileSourceInput } from "./options.ts";

/** A line longer than this many bytes makes fingerprints full, so that restarts tell files apart. */
const LONG = "x".repeat(200);

interface RotationCase {
  readonly name: string;
  readonly options?: (harness: Harness) => Partial<FileSourceInput>;
  readonly act: (harness: Harness) => Promise<void>;
  readonly counts?: Record<string, number>;
  /** What is deleted while nobody looks is gone. */
  readonly onlyLive?: boolean;
}

const NOTHING = { lost: [], repeated: [], strange: [] };

const everything = (harness: Harness): Partial<FileSourceInput> => ({ include: [harness.path("*")] });

const copyTruncate = (harness: Harness, to = "app.log.1"): void => {
  copyFileSync(harness.path("app.log"), harness.path(to));
  truncateSync(harness.path("app.log"), 0);
};

const rename = (harness: Harness, from: string, to: string): void => renameSync(harness.path(from), harness.path(to));

const CASES: readonly RotationCase[] = [
  {
    name: "rename, then create",
    act: async (h) => {
      rename(h, "app.log", "app.log.1");
      h.write("app.log", 10);
    },
    counts: { rotations: 1 },
  },
  {
    name: "rename with unread lines, then create",
    act: async (h) => {
      h.write("app.log", 300, LONG);
      rename(h, "app.log", "app.log.1");
      h.write("app.log", 10);
    },
  },
  {
    name: "rename, while the writer goes on in the old file",
    act: async (h) => {
      rename(h, "app.log", "app.log.1");
      h.write("app.log", 10);
      await h.drained();
      h.write("app.log.1", 10);
      await h.drained();
      h.write("app.log.1", 10);
    },
  },
  {
    name: "rename to a name that is wanted too",
    options: everything,
    act: async (h) => {
      rename(h, "app.log", "app.log.1");
      h.write("app.log", 10);
      await h.drained();
      rename(h, "app.log.1", "app.log.2");
      rename(h, "app.log", "app.log.1");
      h.write("app.log", 10);
    },
  },
  {
    name: "two renames at once, the middle file never seen under its name",
    act: async (h) => {
      rename(h, "app.log", "app.log.2");
      h.write("app.log", 20);
      rename(h, "app.log", "app.log.1");
      h.write("app.log", 10);
    },
  },
  {
    name: "copytruncate of a file that was read",
    act: async (h) => {
      copyTruncate(h);
      h.write("app.log", 10);
    },
    counts: { truncations: 1 },
  },
  {
    name: "copytruncate to a name that is wanted too",
    options: everything,
    act: async (h) => {
      copyTruncate(h);
      h.write("app.log", 10);
      await h.drained();
      rename(h, "app.log.1", "app.log.2");
      copyTruncate(h);
      h.write("app.log", 10);
    },
  },
  {
    name: "copytruncate with unread lines, found in the copy",
    act: async (h) => {
      h.write("app.log", 300, LONG);
      copyTruncate(h);
      h.write("app.log", 10);
    },
    counts: { truncations: 1, truncations_recovered: 1 },
  },
  {
    name: "copytruncate, grown past the old offset before anyone looked",
    act: async (h) => {
      copyTruncate(h);
      h.write("app.log", 500, LONG);
    },
    counts: { truncations: 1 },
  },
  {
    name: "copytruncate to a wanted name, copied slowly",
    onlyLive: true,
    options: everything,
    act: async (h) => {
      const content = readFileSync(h.path("app.log"));
      writeFileSync(h.path("app.log.1"), "");
      await until(() => h.gauges.files_followed === 2);
      writeFileSync(h.path("app.log.1"), content.subarray(0, content.length >> 1));
      const scans = h.scans;
      await until(() => h.scans > scans + 2);
      writeFileSync(h.path("app.log.1"), content);
      truncateSync(h.path("app.log"), 0);
      h.write("app.log", 10);
    },
  },
  {
    name: "deleted while open, with unread lines",
    onlyLive: true,
    act: async (h) => {
      h.write("app.log", 300, LONG);
      unlinkSync(h.path("app.log"));
    },
  },
  {
    name: "deleted and created again at once, often with the same inode",
    onlyLive: true,
    act: async (h) => {
      for (let round = 0; round < 5; round++) {
        await h.drained();
        rmSync(h.path("app.log"));
        h.write("app.log", 20);
      }
    },
  },
  {
    name: "moved into another folder and followed there",
    options: (h) => ({ include: [h.path("**/*.log")] }),
    act: async (h) => {
      h.mkdir("old");
      rename(h, "app.log", "old/app.log");
      h.write("old/app.log", 10);
      h.write("app.log", 10);
    },
  },
  {
    name: "hard and symbolic links are one file",
    act: async (h) => {
      linkSync(h.path("app.log"), h.path("hard.log"));
      symlinkSync(h.path("app.log"), h.path("soft.log"));
      h.write("soft.log", 10);
      await h.drained();
      h.write("hard.log", 10);
    },
  },
  {
    name: "a link that is turned to the next file",
    onlyLive: true,
    options: (h) => ({ include: [h.path("current.log")] }),
    act: async (h) => {
      rename(h, "app.log", "data.0");
      symlinkSync(h.path("data.0"), h.path("current.log"));
      await h.drained();
      h.write("data.0", 10);
      await h.drained();
      h.write("data.1", 10);
      rmSync(h.path("current.log"));
      symlinkSync(h.path("data.1"), h.path("current.log"));
    },
  },
  {
    name: "compressed rotations are left out",
    options: everything,
    act: async (h) => {
      rename(h, "app.log", "app.log.1");
      h.write("app.log", 10);
      await h.drained();
      writeFileSync(h.path("app.log.1.gz"), readFileSync(h.path("app.log.1")));
      unlinkSync(h.path("app.log.1"));
      h.write("app.log", 10);
    },
  },
];

describe.each([1, 2])("rotation, %d shards", (shards) => {
  let harness: Harness;
  afterEach(() => harness.close());

  const settled = async (): Promise<ReturnType<Harness["account"]>> => {
    await harness.drained();
    const scans = harness.scans;
    await until(() => harness.scans > scans + 3);
    return harness.account();
  };

  it.each(CASES)("live: $name", async ({ options, act, counts = {} }) => {
    harness = new Harness({}, 4_096, undefined, shards);
    harness.write("app.log", 100);
    const configured = options?.(harness) ?? {};
    await harness.start(configured);
    if (!configured.include?.[0]?.includes("current")) await harness.drained();
    await act(harness);
    expect(await settled()).toEqual(NOTHING);
    expect(harness.events).toMatchObject(counts);
  });

  it.each(CASES.filter(({ onlyLive }) => !onlyLive))("while the agent is down: $name", async ({ options, act }) => {
    harness = new Harness({}, 4_096, undefined, shards);
    harness.write("app.log", 100, LONG);
    const configured = options?.(harness) ?? {};
    await harness.start(configured);
    if (!configured.include?.[0]?.includes("current")) await harness.drained();
    await harness.flush();
    await harness.kill();
    await act(harness);
    await harness.start(configured);
    expect(await settled()).toEqual(NOTHING);
  });

  it("finds what was there unread when one that was rotated before it was found, over two restarts", async () => {
    harness = new Harness({}, 4_096, undefined, shards);
    const include = [harness.path("app.log")];
    harness.write("app.log", 20, LONG);
    await harness.start({ include });
    await harness.drained();
    await harness.flush();
    await harness.kill();
    rename(harness, "app.log", "app.log.1");
    harness.write("app.log", 20, LONG);
    rename(harness, "app.log", "app.log.2");
    writeFileSync(harness.path("app.log"), "");
    const bornMs = Date.now();
    await until(() => Date.now() > bornMs + 200);
    await harness.start({ include });
    await harness.drained();
    await harness.flush();
    await harness.kill();
    harness.write("app.log", 20, LONG);
    rename(harness, "app.log", "app.log.3");
    harness.write("app.log", 20, LONG);
    await harness.start({ include });
    expect(await settled()).toEqual(NOTHING);
  });
});
