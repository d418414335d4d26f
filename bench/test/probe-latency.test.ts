import { expect, it } from "vitest";
import { runScript } from "./run-script.ts";

it("finds appended lines by the search API", { timeout: 120_000 }, async () => {
  const { result } = await runScript("probe-latency.ts", ["--tries", "3"]);
  expect(result).toMatchObject({ tries: 3, notFound: 0 });
  expect(result["p95Ms"]).toBeGreaterThan(0);
});
