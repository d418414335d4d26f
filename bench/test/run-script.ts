import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export interface ToolRun {
  /** The last line of stdout, parsed. */
  readonly result: Record<string, unknown>;
  readonly stderr: string;
}

/** Runs a tool of bench/src as the root scripts do, with `--json`. Throws with its stderr unless it ends with `expectedCode`. */
export const runScript = async (script: string, args: readonly string[], expectedCode = 0): Promise<ToolRun> => {
  const file = fileURLToPath(new URL(`../src/${script}`, import.meta.url));
  const child = spawn(process.execPath, [file, "--", "--json", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  // A test that ran into its time limit must not leave a system running.
  onTestFinished(() => void child.kill("SIGTERM"));
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if ((await exited) !== expectedCode) throw new Error(`${script} ended with exit code ${await exited}:\n${stderr}\n${stdout}`);
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  return { result: last === "" ? {} : (JSON.parse(last) as Record<string, unknown>), stderr };
};
