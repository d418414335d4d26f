import { expect, it } from "vitest";
import { runScript } from "./run-script.ts";

it("loses and repeats nothing over a few kills", { timeout: 120_000 }, async () => {
  const { result } = await runScript("chaos.ts", ["--kills", "3", "--seed", "5"]);
  expect(result).toMatchObject({ kills: 3, lost: 0, duplicated: 0, damaged: 0, reported: 0, firstLost: [], firstDuplicated: [] });
  expect(result["rows"]).toBe(result["written"]);
});

it("loses and repeats nothing at either of two outputs, each of which is away once", { timeout: 120_000 }, async () => {
  const { result } = await runScript("chaos.ts", ["--fault", "two-outputs", "--outage-seconds", "2"]);
  expect(result).toMatchObject({ lost: 0, duplicated: 0, damaged: 0, reported: 0, second: { lost: 0, duplicated: 0, damaged: 0, reported: 0, rows: result["written"] } });
  expect(result["rows"]).toBe(result["written"]);
});

it("loses and repeats nothing when the agent is killed while the backend is away", { timeout: 120_000 }, async () => {
  const { result } = await runScript("chaos.ts", ["--fault", "restart-away", "--outage-seconds", "2"]);
  expect(result).toMatchObject({ kills: 0, lost: 0, duplicated: 0, damaged: 0, reported: 0 });
  expect(result["rows"]).toBe(result["written"]);
});
