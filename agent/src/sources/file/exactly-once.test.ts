import { copyFileSync, existsSync, readdirSync, renameSync, truncateSync, unlinkSync } from "node:fs";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Harness, until } from "./harness.ts";

type Action =
  | { readonly do: "append"; readonly lines: number; readonly long: boolean }
  | { readonly do: "rename" | "copytruncate" | "drain" | "flush" | "restart" | "down" | "up" | "block" | "unblock" | "look" | "delete" };

const KEPT = 6;

/** app.log.1 becomes app.log.2 and so on, as logrotate does it. */
const shift = (harness: Harness): void => {
  for (let number = KEPT; number > 0; number--) {
    const [from, to] = [harness.path(`app.log.${number}`), harness.path(`app.log.${number + 1}`)];
    if (existsSync(from)) renameSync(from, to);
  }
};

const perform = async (harness: Harness, action: Action, include: string[]): Promise<void> => {
  const path = harness.path("app.log");
  switch (action.do) {
    case "append":
      return harness.write("app.log", action.lines, action.long ? "x".repeat(150) : "");
    case "rename":
      if (!existsSync(path)) return;
      shift(harness);
      return renameSync(path, harness.path("app.log.1"));
    case "copytruncate":
      if (!existsSync(path)) return;
      shift(harness);
      copyFileSync(path, harness.path("app.log.1"));
      return truncateSync(path);
    case "delete": {
      // What nobody has read, or has not yet made durable, would be gone with the last name.
      if (!harness.isRunning) return;
      harness.shard.unblock();
      await harness.drained();
      await harness.shard.flush();
      for (const name of readdirSync(harness.folder)) if (/\.[3-9]$/.test(name)) unlinkSync(harness.path(name));
      return;
    }
    case "drain":
      harness.shard.unblock();
      return harness.drained();
    case "flush":
      return harness.shard.flush();
    case "down":
      return harness.kill();
    case "restart":
      await harness.kill();
      return harness.isRunning ? undefined : harness.start({ include });
    case "up":
      return harness.isRunning ? undefined : harness.start({ include });
    case "block":
      return harness.shard.block();
    case "unblock":
      return harness.shard.unblock();
    case "look": {
      const { scans } = harness;
      return harness.isRunning ? until(() => harness.scans > scans) : undefined;
    }
  }
};

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("append" as const), lines: fc.integer({ min: 1, max: 60 }), long: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("rename" as const, "copytruncate" as const) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom(...(["drain", "flush", "restart", "down", "up", "block", "unblock", "look", "delete"] as const)) }) },
);

it.each([
  ["app.log", 0],
  ["app.log*", 0],
  ["app.log", 30],
  ["app.log*", 30],
])("loses and repeats nothing, whatever happens to %s (last lines left for %d ms)", { timeout: 120_000 }, async (glob, leaveMs) => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 14 }), async (actions) => {
      const harness = new Harness({ scanIntervalMs: 50, pollIntervalMs: 10, rotatedQuietMs: 100 }, undefined, leaveMs);
      const include = [harness.path(glob)];
      try {
        harness.write("app.log", 5);
        await harness.start({ include });
        // The first start decides where to begin; what is durable of it is what a restart knows.
        await harness.drained();
        await harness.shard.flush();
        for (const each of actions) await perform(harness, each, include);
        if (!harness.isRunning) await harness.start({ include });
        harness.shard.unblock();
        harness.write("app.log", 5);
        await harness.drained();
        const { scans } = harness;
        await until(() => harness.scans > scans + 3);
        expect(harness.account()).toEqual({ lost: [], repeated: [], strange: [] });
      } finally {
        harness.shard.unblock();
        await harness.close();
      }
    }),
    { numRuns: Number(process.env["OBS_PROPERTY_RUNS"] ?? 20), endOnFailure: true },
  );
});
