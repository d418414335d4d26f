/** The program that reads the journal, for one run of it. */

import { spawn } from "node:child_process";
import type { JournaldOptions } from "../../config/collected-logs.ts";

export interface JournalctlOptions {
  /** The program that reads the journal. */
  readonly command: string;
}

const MAX_COMPLAINT = 500;

/** `cursor`: go on behind that entry; else from where `read_from` says. */
export const journalctlArguments = ({ folder, units, read_from: readFrom }: JournaldOptions, cursor: string | undefined, nowMs: number): string[] => {
  const place = ((): string[] => {
    if (cursor !== undefined) return ["--no-tail", `--after-cursor=${cursor}`];
    if (readFrom === "end") return ["--lines=0"];
    return readFrom === "beginning" ? ["--no-tail"] : ["--no-tail", `--since=@${Math.floor((nowMs - readFrom) / 1_000)}`];
  })();
  return ["--output=json", "--follow", "--all", "--quiet", "--no-pager", ...place, ...(folder === "" ? [] : [`--directory=${folder}`]), ...units.map((unit) => `--unit=${unit}`)];
};

/** Lines of the program's output, in pieces as they come. Throws when it ends, whyever, unless the signal made it. */
export async function* linesOf(command: string, args: readonly string[], signal: AbortSignal): AsyncGenerator<string[]> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LC_ALL: "C" } });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-MAX_COMPLAINT)));
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, killer) => resolve(complaint.trim() || `${command} ended (${killer ?? code})`));
  });
  const kill = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", kill, { once: true });
  try {
    let rest = "";
    for await (const text of child.stdout.setEncoding("utf8") as AsyncIterable<string>) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      if (lines.length > 0) yield lines;
    }
    const why = await ended;
    if (!signal.aborted) throw new Error(why);
  } finally {
    signal.removeEventListener("abort", kill);
    child.kill("SIGTERM");
    await ended;
  }
}
