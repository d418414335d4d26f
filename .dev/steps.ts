/** Runs commands of the workspace one after the other, each with its name and its time. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Resolves with the exit code; output goes straight through. */
export const run = (command: string, args: readonly string[], env: Record<string, string> = {}): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(signal ? 1 : (code ?? 1)));
  });

/** Runs a named step and says how it went. */
export const step = async (name: string, command: string, args: readonly string[]): Promise<boolean> => {
  const started = Date.now();
  const code = await run(command, args);
  process.stderr.write(`${code === 0 ? "ok  " : "FAIL"} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`);
  return code === 0;
};
