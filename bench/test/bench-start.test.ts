import { expect, it } from "vitest";
import { runScript } from "./run-script.ts";

it.runIf(process.platform === "linux")("measures a start of the agent", { timeout: 60_000 }, async () => {
  const { result } = await runScript("bench-start.ts", ["--runs", "1"]);
  expect(result).toMatchObject({ runs: 1 });
  expect(result["startMs"]).toBeGreaterThan(10);
  expect(result["cpuSeconds"]).toBeGreaterThan(0);
});
