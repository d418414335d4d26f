import { copyFileSync, existsSync, readdirSync, renameSync, truncateSync, unlinkSync } from "node:fs";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Harness, until } from "./harness.ts";

type Action =
  | { readonly do: "append"; readonly lines: number; readonly long: boolean; readonly of: number }
  | { readonly do: "rename" | "copytruncate" | "drain" | "flush" | "restart" | "down" | "up" | "block" | "unblock" | "look" | "delete"; readonly of: number };

const KEPT = 6;

/** Of the log files, and of the shards, the action's. */
const NAMES = ["app.log", "web.log"];

/** app.log.1 becomes app.log.2 and so on, as logrotate does it. */
const shift = (harness: Harness, name: string): void => {
  for (let number = KEPT; number > 0; number--) {
    const [from, to] = [harness.path(`${name}.${number}`), harness.path(`${name}.${number + 1}`)];
    if (existsSync(from)) renameSync(from, to);
  }
};

const perform = async (harness: Harness, action: Action, include: string[]): Promise<void> => {
  const name = NAMES[action.of % harness.shards.length]!;
  const shard = harness.shards[action.of % harness.shards.length]!;
  const path = harness.path(name);
  switch (action.do) {
    case "append":
      return harness.write(name, action.lines, action.long ? "x".repeat(150) : "");
    case "rename":
      if (!existsSync(path)) return;
      shift(harness, name);
      return renameSync(path, harness.path(`${name}.1`));
    case "copytruncate":
      if (!existsSync(path)) return;
      shift(harness, name);
      copyFileSync(path, harness.path(`${name}.1`));
      return truncateSync(path);
    case "delete": {
      // What nobody has read, or has not yet made durable, would be gone with the last name.
      if (!harness.isRunning) return;
      harness.unblock();
      await harness.drained();
      await harness.flush();
      for (const name of readdirSync(harness.folder)) if (/\.[3-9]$/.test(name)) unlinkSync(harness.path(name));
      return;
    }
    case "drain":
      harness.unblock();
      return harness.drained();
    case "flush":
      return shard.flush();
    case "down":
      return harness.kill();
    case "restart":
      await harness.kill();
      return harness.isRunning ? undefined : harness.start({ include });
    case "up":
      return harness.isRunning ? undefined : harness.start({ include });
    case "block":
      return shard.block();
    case "unblock":
      return shard.unblock();
    case "look": {
      const { scans } = harness;
      return harness.isRunning ? until(() => harness.scans > scans) : undefined;
    }
  }
};

const of = fc.nat({ max: 1 });
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("append" as const), lines: fc.integer({ min: 1, max: 60 }), long: fc.boolean(), of }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("rename" as const, "copytruncate" as const), of }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom(...(["drain", "flush", "restart", "down", "up", "block", "unblock", "look", "delete"] as const)), of }) },
);

it.each([
  ["*.log", 0, 1],
  ["*.log*", 0, 1],
  ["*.log", 30, 1],
  ["*.log*", 30, 1],
  ["*.log", 0, 2],
  ["*.log*", 30, 2],
])("loses and repeats nothing, whatever happens to %s (last lines left for %d ms, %d shards)", { timeout: 120_000 }, async (glob, leaveMs, shards) => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 14 }), async (actions) => {
      const harness = new Harness({ scanIntervalMs: 50, pollIntervalMs: 10, rotatedQuietMs: 100 }, undefined, leaveMs, shards);
      const include = [harness.path(glob)];
      try {
        for (const name of NAMES.slice(0, shards)) harness.write(name, 5);
        await harness.start({ include });
        // The first start decides where to begin; what is durable of it is what a restart knows.
        await harness.drained();
        await harness.flush();
        for (const each of actions) await perform(harness, each, include);
        if (!harness.isRunning) await harness.start({ include });
        harness.unblock();
        for (const name of NAMES.slice(0, shards)) harness.write(name, 5);
        await harness.drained();
        const { scans } = harness;
        await until(() => harness.scans > scans + 3);
        expect(harness.account()).toEqual({ lost: [], repeated: [], strange: [] });
      } finally {
        harness.unblock();
        await harness.close();
      }
    }),
    { numRuns: Number(process.env["OBS_PROPERTY_RUNS"] ?? 20), endOnFailure: true },
  );
});
