import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock } from "./clock.ts";
import { ClockSkew, correctedClock } from "./clock-skew.ts";

const HOUR_MS = 3_600_000;

/** One answer: the server's clock is ahead of ours by `offsetMs`. */
const answer = (skew: ClockSkew, offsetMs: number, { sentMs = 1_000_000, waitMs = 150, backMs = 5 } = {}): void =>
  skew.learn({ sentMs, receivedMs: sentMs + waitMs + backMs, serverMs: sentMs + waitMs + offsetMs });

describe("clock skew", () => {
  it("is found to within the way back of the fastest answer, whatever the answers took", () => {
    expect.hasAssertions();
    const delays = fc.record({ waitMs: fc.integer({ min: 0, max: 20_000 }), backMs: fc.integer({ min: 0, max: 700 }) });
    fc.assert(
      fc.property(fc.integer({ min: -HOUR_MS, max: HOUR_MS }), fc.array(delays, { minLength: 1, maxLength: 16 }), (offsetMs, answers) => {
        const skew = new ClockSkew();
        for (const delay of answers) answer(skew, offsetMs, delay);
        const least = Math.min(...answers.map(({ backMs }) => backMs));
        const error = offsetMs - skew.offsetMs;
        expect(skew.offsetMs === 0 ? Math.abs(offsetMs) <= 2_000 : Math.abs(offsetMs) >= 250 && error >= -250 && error <= least + 250).toBe(true);
      }),
    );
  });

  it.each([[0, 0], [900, 0], [-900, 0], [5_000, 4_995], [-HOUR_MS, -HOUR_MS - 5]])("of %d ms is corrected by %d", (offsetMs, corrected) => {
    const skew = new ClockSkew();
    answer(skew, offsetMs);
    expect(skew.offsetMs).toBe(corrected);
  });

  it("is learned anew when a clock is set, and forgotten when it is right again", () => {
    const skew = new ClockSkew();
    for (let i = 0; i < 20; i++) answer(skew, HOUR_MS);
    answer(skew, -HOUR_MS);
    expect(skew.offsetMs).toBe(-HOUR_MS - 5);
    answer(skew, 0);
    expect(skew.offsetMs).toBe(0);
  });

  it("does not follow small changes, nor answers without a time or over a jump", () => {
    const skew = new ClockSkew();
    answer(skew, 5_000);
    const { offsetMs } = skew;
    answer(skew, 5_100);
    skew.learn({ sentMs: 1_000, receivedMs: 900, serverMs: 1e9 });
    skew.learn({ sentMs: 0, receivedMs: 1, serverMs: Number.NaN });
    expect(skew.offsetMs).toBe(offsetMs);
  });

  it("corrects times and no intervals", () => {
    const clock = correctedClock({ ...systemClock, nowMs: () => 5, nowNs: () => 5_000_001n, steadyMs: () => 7 }, { offsetMs: 2_000 });
    expect([clock.nowMs(), clock.nowNs(), clock.steadyMs?.()]).toEqual([2_005, 2_005_000_001n, 7]);
  });
});
