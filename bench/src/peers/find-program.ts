import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Looked for on the path, where Debian has its daemons, and in further places; undefined when it is nowhere. */
export const findProgram = (name: string, ...more: readonly string[]): string | undefined =>
  [...(process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name)), `/usr/sbin/${name}`, ...more].find(isExecutable);

/** First number with dots that the program prints when asked for its version; "unknown" when there is none. */
export const versionOf = (program: string, flag: string, env: Readonly<Record<string, string>> = {}): string => {
  const { stdout, stderr } = spawnSync(program, [flag], { encoding: "utf8", timeout: 10_000, env: { ...process.env, ...env } });
  return /\d+(?:\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? "unknown";
};
