import { describe, expect, it } from "vitest";
import { runScript } from "./run-script.ts";

describe("flags", () => {
  it.each([
    { script: "chaos.ts", args: ["--target", "nobody"], message: "--target takes one of all, agent, backend, store" },
    { script: "chaos.ts", args: ["--kills", "-1"], message: "--kills" },
    { script: "bench-agent.ts", args: ["--mb", "0"], message: "--mb takes an integer from 1 to 4096" },
    { script: "probe-latency.ts", args: ["--unknown"], message: "--unknown" },
  ])("$script $args is one clear error", async ({ script, args, message }) => {
    const { result, stderr } = await runScript(script, args, 2);
    expect(stderr).toContain(message);
    expect(result).toEqual({});
  });
});
