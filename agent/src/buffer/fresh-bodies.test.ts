import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { SealedBatch } from "../core/contracts.ts";
import { SpareMemory } from "../core/spare-memory.ts";
import { FreshBodies } from "./fresh-bodies.ts";
import { ack, commitBatch, LARGE, open, takeAll, withFolder } from "./fixtures.ts";

describe("fresh bodies", () => {
  it("are copies, each given once, of the last two batches", () => {
    const fresh = new FreshBodies(new SpareMemory(4));
    const bodies = [1, 2, 3].map(() => randomBytes(100_000));
    bodies.forEach((body, index) => fresh.keep(String(index), body));
    const kept = Buffer.from(bodies[2]!);
    // The shard uses its memory again.
    bodies[2]!.fill(0);
    expect(fresh.take("0")).toBeUndefined();
    expect(Buffer.from(fresh.take("2")!).equals(kept)).toBe(true);
    expect(fresh.take("2")).toBeUndefined();
    expect(Buffer.from(fresh.take("1")!).equals(bodies[1]!)).toBe(true);
  });

  it("are what the sender gets, and so are bodies that come from the disk", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder);
      const batches: SealedBatch[] = [];
      for (let index = 0; index < 5; index++) batches.push(await commitBatch(buffer, { bytes: LARGE }));
      const taken = await takeAll(buffer);
      expect(taken.map(({ key, body }) => [key, Buffer.from(body).equals(Buffer.from(batches.find((batch) => batch.key === key)!.body))])).toEqual(batches.map(({ key }) => [key, true]));
      for (const batch of taken) await buffer.main.acknowledge(batch, ack(10));
      expect(buffer.state()).toMatchObject({ batches: 0, bytes: 0 });
      await buffer.close();
    }));
});
