import { formatBatchKey, type BatchKey } from "@obs/wire";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Commit, CommitTarget } from "../core/batch-buffer.ts";
import type { SealedBatch } from "../core/contracts.ts";
import { KeyOrder } from "./key-order.ts";

const commitOf = (...keys: BatchKey[]): Commit => ({
  batches: keys.map((key): SealedBatch => ({ stream: "logs", key: formatBatchKey(key), rows: 1, rawBytes: 1, firstNs: 0n, lastNs: 0n, body: new Uint8Array(), positions: new Map(), tenant: "" })),
});

const build = () => {
  let seq = 0;
  const begun: string[] = [];
  const target: CommitTarget = {
    nextKey: () => ({ agent: 1n, epoch: 1, seq: ++seq }),
    commit: async ({ batches, positions }) => void begun.push(batches.length > 0 ? batches.map(({ key }) => Number.parseInt(key.slice(-8), 16)).join("+") : [...(positions?.keys() ?? [])].join()),
    whenRoom: () => Promise.resolve(),
  };
  const order = new KeyOrder();
  // Two classes of sources, one order.
  return { begun, here: order.over(target), there: order.over(target) };
};

describe("order of keys", () => {
  it("begins what is committed in the tick of its key at once, when nothing is reserved", () => {
    const { begun, here } = build();
    void here.commit(commitOf(here.nextKey(), here.nextKey()));
    expect(begun).toEqual(["1+2"]);
  });

  it("holds back later keys, and positions without a batch, until a reserved key is committed", async () => {
    const { begun, here, there } = build();
    const [first, second] = [there.reserveKey(), there.reserveKey()];
    const late = here.commit(commitOf(here.nextKey()));
    void there.commit({ batches: [], positions: new Map([["file/1", new Uint8Array()]]) });
    void there.commit(commitOf(second));
    expect(begun).toEqual([]);
    void there.commit(commitOf(first));
    expect(begun).toEqual(["1", "2", "3", "file/1"]);
    await late;
  });

  it("goes on when a reserved key is given up, and passes failures on", async () => {
    const { begun, here, there } = build();
    const key = there.reserveKey();
    void here.commit(commitOf(here.nextKey()));
    there.giveUp(formatBatchKey(key));
    there.giveUp(formatBatchKey(key));
    expect(begun).toEqual(["2"]);
    const failing = new KeyOrder().over({ nextKey: () => here.nextKey(), commit: () => Promise.reject(new Error("the disk is gone")), whenRoom: () => Promise.resolve() });
    await expect(failing.commit(commitOf(failing.nextKey()))).rejects.toThrow("the disk is gone");
  });

  it("keeps the order of keys, whatever comes late or not at all", () => {
    const step = fc.oneof(fc.constant("here" as const), fc.constant("reserve" as const), fc.record({ of: fc.nat(20), gone: fc.boolean() }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { begun, here, there } = build();
        const open: BatchKey[] = [];
        let given = 0;
        let gone = 0;
        const settle = (index: number, isGone: boolean): void => {
          const [key] = open.splice(index, 1);
          if (isGone) gone++;
          if (isGone) there.giveUp(formatBatchKey(key!));
          else void there.commit(commitOf(key!));
        };
        for (const each of steps) {
          if (each === "reserve") open.push(there.reserveKey());
          else if (each === "here") void here.commit(commitOf(here.nextKey()));
          else if (open.length > 0) settle(each.of % open.length, each.gone);
          given += Number(typeof each === "string");
        }
        while (open.length > 0) settle(open.length - 1, false);
        expect(begun.map(Number)).toEqual(begun.map(Number).toSorted((a, b) => a - b));
        expect(begun).toHaveLength(given - gone);
      }),
    );
  });
});
