import { describe, expect, it } from "vitest";
import { PythonRandom } from "../work/python-random.ts";
import { runAssassin, TARGETS } from "./assassin.ts";
import type { Kill, Victims } from "./assassin.ts";

const run = async (victims: Partial<Victims>, kills: number): Promise<Kill[]> => {
  const done: Kill[] = [];
  await runAssassin(
    { inFlight: () => true, kill: async () => true, recovered: async () => undefined, ...victims },
    { targets: TARGETS, kills, random: new PythonRandom(1), mostAimMs: 0, pauseMs: { least: 0, spread: 1 }, signal: new AbortController().signal, onKill: (kill) => done.push(kill) },
  );
  return done;
};

describe("runAssassin", () => {
  it("kills every target so many times in all, in the same order for the same seed", async () => {
    const kills = await run({}, 30);
    expect(kills).toHaveLength(30);
    expect(new Set(kills.map(({ target }) => target))).toEqual(new Set(TARGETS));
    expect(await run({}, 30)).toEqual(kills);
  });

  it("waits for something in flight, and does not count the dead", async () => {
    let looks = 0;
    let refused = 3;
    // In flight at some looks only: the kill itself, and the two that aim it, look three times.
    const kills = await run({ inFlight: () => looks++ % 6 > 1, kill: async () => refused-- <= 0 }, 20);
    expect(kills).toHaveLength(20);
    expect(kills.filter(({ hit }) => hit).length).toBeGreaterThanOrEqual(14);
  });
});
