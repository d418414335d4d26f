import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { commandLine, costsOf, cpuSeconds, processTree } from "./process-tree.ts";

const SPIN = "const until = process.cpuUsage(); while (process.cpuUsage(until).user < 300_000);";

describe.runIf(process.platform === "linux")("process tree", () => {
  it("counts the CPU of children, living and ended", async () => {
    // The parent spins nothing itself: one child ends, one lives on.
    const parent = spawn(
      process.execPath,
      ["-e", `const { spawn, spawnSync } = require("node:child_process");
        spawnSync(process.execPath, ["-e", ${JSON.stringify(SPIN)}]);
        const living = spawn(process.execPath, ["-e", ${JSON.stringify(`${SPIN} process.stdout.write("spun"); process.stdin.resume();`)}], { stdio: ["pipe", "pipe", "inherit"] });
        living.stdout.once("data", () => process.stdout.write("ready"));`],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    try {
      await once(parent.stdout, "data");
      expect(processTree(parent.pid!)).toHaveLength(2);
      expect(cpuSeconds(parent.pid!)).toBeGreaterThanOrEqual(0.6);
      expect(costsOf(parent.pid!).peakRssMB).toBeGreaterThan(20);
      expect(commandLine(parent.pid!)).toContain("spawnSync");
    } finally {
      parent.kill("SIGKILL");
    }
  });

  it("knows nothing of a process that is gone", () => {
    expect(processTree(2 ** 22 + 1)).toEqual([]);
    expect(cpuSeconds(2 ** 22 + 1)).toBe(0);
    expect(commandLine(2 ** 22 + 1)).toBe("");
  });
});
