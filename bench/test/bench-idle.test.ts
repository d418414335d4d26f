import { expect, it } from "vitest";
import { runScript } from "./run-script.ts";

it.runIf(process.platform === "linux")("measures an agent that follows quiet files, and shows that it follows them", { timeout: 60_000 }, async () => {
  const { result } = await runScript("bench-idle.ts", ["--files", "250", "--seconds", "1", "--settle", "1"]);
  expect(result).toMatchObject({ files: 250, seconds: 1, appended: 25, arrived: 25 });
  expect(result["rssMB"]).toBeGreaterThan(20);
  expect(result["threads"]).toBeGreaterThan(1);
  expect(result["cpuShare"]).toBeGreaterThanOrEqual(0);
});
