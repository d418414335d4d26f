import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FairGate, type Leave } from "./fair-gate.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LIMITS = { atOnce: 4, waitingPerTenant: 3, maxWaitMs: 1_000 };

/** Enters, and says in `started` when its turn has come. */
const entering = (gate: FairGate, tenant: string, started: string[], atOnce = 4, signal?: AbortSignal): Promise<Leave> =>
  gate.enter(tenant, atOnce, signal).then((leave) => {
    started.push(tenant);
    return leave;
  });

const settled = async (): Promise<void> => void (await vi.advanceTimersByTimeAsync(0));

describe("the gate", () => {
  it("gives places while there are any, and then in turn", async () => {
    const gate = new FairGate(LIMITS);
    const started: string[] = [];
    const greedy = Array.from({ length: 7 }, () => entering(gate, "greedy", started));
    const modest = entering(gate, "modest", started);
    await settled();
    expect(started).toEqual(["greedy", "greedy", "greedy", "greedy"]);
    expect([gate.running, gate.waiting]).toEqual([4, 4]);
    (await greedy[0]!)();
    await settled();
    expect(started.at(-1)).toBe("modest");
    (await modest)();
    await settled();
    expect(started.slice(5)).toEqual(["greedy"]);
  });

  it("holds a tenant to its own limit while places are free", async () => {
    const gate = new FairGate(LIMITS);
    const started: string[] = [];
    const entered = Array.from({ length: 3 }, () => entering(gate, "small", started, 2));
    await settled();
    expect(started).toHaveLength(2);
    (await entered[1]!)();
    await settled();
    expect(started).toHaveLength(3);
  });

  it("refuses what would wait behind too many, and says when to come again", async () => {
    const gate = new FairGate(LIMITS);
    const all = Array.from({ length: 8 }, () => gate.enter("t", 4));
    await expect(all[7]).rejects.toMatchObject({ code: "too_many_queries", status: 429, retryAfterSeconds: 1 });
    const other = gate.enter("other", 4);
    (await all[0]!)();
    await expect(other).resolves.toBeTypeOf("function");
  });

  it("refuses what has waited too long", async () => {
    const gate = new FairGate({ ...LIMITS, atOnce: 1 });
    const first = await gate.enter("a", 1);
    const second = gate.enter("b", 1);
    const refusal = second.then(() => undefined, (error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await refusal).toMatchObject({ code: "too_many_queries", message: expect.stringContaining("waited for 1 s") });
    expect(gate.waiting).toBe(0);
    first();
    expect(gate.running).toBe(0);
  });

  it("forgets whoever goes away while waiting, and lets in nobody who has gone", async () => {
    const gate = new FairGate({ ...LIMITS, atOnce: 1 });
    const gone = new AbortController();
    const leave = await gate.enter("a", 1);
    const waiting = gate.enter("a", 1, gone.signal);
    const behind = gate.enter("a", 1);
    gone.abort(new Error("went away"));
    await expect(waiting).rejects.toThrow("went away");
    leave();
    await expect(behind).resolves.toBeTypeOf("function");
    await expect(gate.enter("b", 1, gone.signal)).rejects.toThrow("went away");
  });

  it("never has more running than may, and leaves no place unused that somebody waits for", async () => {
    const tenants = ["a", "b", "c"];
    const step = fc.oneof(fc.record({ enter: fc.constantFrom(...tenants) }), fc.record({ leave: fc.nat(50) }), fc.record({ abandon: fc.nat(50) }));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }), async (steps, atOnce, tenantAtOnce) => {
        const gate = new FairGate({ atOnce, waitingPerTenant: 100, maxWaitMs: 1_000 });
        const running: { tenant: string; leave: Leave }[] = [];
        const waiting: { tenant: string; gone: AbortController }[] = [];
        for (const action of steps) {
          if ("enter" in action) {
            const entry = { tenant: action.enter, gone: new AbortController() };
            waiting.push(entry);
            void gate.enter(entry.tenant, tenantAtOnce, entry.gone.signal).then(
              (leave) => {
                waiting.splice(waiting.indexOf(entry), 1);
                running.push({ tenant: entry.tenant, leave });
              },
              () => void waiting.splice(waiting.indexOf(entry), 1),
            );
          } else if ("leave" in action) running.splice(action.leave % Math.max(1, running.length), 1)[0]?.leave();
          else waiting[action.abandon % Math.max(1, waiting.length)]?.gone.abort();
          await settled();
          const of = (tenant: string): number => running.filter((entry) => entry.tenant === tenant).length;
          expect([gate.running, gate.waiting]).toEqual([running.length, waiting.length]);
          expect(running.length).toBeLessThanOrEqual(atOnce);
          for (const tenant of tenants) expect(of(tenant)).toBeLessThanOrEqual(tenantAtOnce);
          const heldUp = running.length < atOnce ? waiting.filter(({ tenant }) => of(tenant) < tenantAtOnce) : [];
          expect(heldUp).toEqual([]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("treats a place given back twice as the bug it is", async () => {
    const leave = await new FairGate(LIMITS).enter("a", 1);
    leave();
    expect(leave).toThrow("BUG:");
  });
});
