import { expect, it } from "vitest";
import { runScript } from "./run-script.ts";

it("ships every row of a small work, masked, and counts it", { timeout: 60_000 }, async () => {
  const { result } = await runScript("bench-agent.ts", ["--mb", "2", "--runs", "1", "--work", "w1"]);
  expect(result["w1"]).toMatchObject({
    rowsIn: 5006,
    rowsOut: 5006,
    unmasked: { email: 0, card: 0, ssn: 0, key: 0 },
    maskingOff: { rowsOut: 5006 },
    peers: { "fluent-bit": { cpuSecondsPerGB: 19.5, reference: true } },
  });
});
