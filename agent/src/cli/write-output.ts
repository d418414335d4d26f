import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AgentError } from "../errors.ts";

/** To a file that is not there yet, or to stdout. A configuration may hold keys: nobody else reads it. */
export const writeOutput = async (text: string, path: string | undefined, force: boolean): Promise<void> => {
  if (path === undefined) return void process.stdout.write(text);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: 0o600, flag: force ? "w" : "wx" });
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw new AgentError("usage", isThere ? `${path} is there already: --force overwrites it` : `cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
  process.stderr.write(`obs-agent: wrote ${path}\n`);
};
