/** The scripts in the shells themselves. */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AgentProcess } from "../../test/agent-process.ts";

const has = (shell: string): boolean => spawnSync(shell, ["--version"]).status === 0;

let folder: string;
const scripts: Record<string, string> = {};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "obs-completion-"));
  for (const shell of ["bash", "zsh", "fish"]) {
    const { stdout } = await new AgentProcess({ args: ["completion", shell] }).ended;
    writeFileSync((scripts[shell] = join(folder, `_obs-agent.${shell}`)), stdout);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CASES = [
  ["obs-agent val", ["validate"]],
  ["obs-agent t", ["tap", "test", "top"]],
  ["obs-agent completion ", ["bash", "fish", "zsh"]],
  ["obs-agent tap --st", ["--stream"]],
  ["obs-agent tap --stream s", ["samples", "series", "spans"]],
  ["obs-agent convert --from f", ["filebeat", "fluent-bit"]],
] as const;

const completeInBash = (line: string): string[] => {
  const words = line.split(" ");
  const quoted = words.map((word) => `'${word}'`).join(" ");
  return execFileSync("bash", ["--norc", "-c", `source ${scripts.bash}; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _obs_agent; printf '%s\\n' "\${COMPREPLY[@]}"`]).toString().split("\n").filter(Boolean).sort();
};

describe("bash", () => {
  it.each(CASES)("completes %j", (line, words) => expect(completeInBash(line)).toEqual(words));
  it("completes files where one is taken", () => expect(completeInBash(`obs-agent validate --config ${folder}/_obs-agent.b`)).toEqual([`${folder}/_obs-agent.bash`]));
});

describe("fish", () => {
  it.skipIf(!has("fish")).each(CASES)("completes %j (fish)", (line, words) => {
    const found = execFileSync("fish", ["--no-config", "-c", `source ${scripts.fish}; complete -C ${JSON.stringify(line)}`], { env: { ...process.env, HOME: folder } }).toString();
    expect(found.split("\n").filter(Boolean).map((row) => row.split("\t")[0]).sort()).toEqual(words);
  });
});

describe("zsh", () => {
  it.skipIf(!has("zsh"))("is a script that zsh loads and registers (zsh)", () => {
    const out = execFileSync("zsh", ["-f", "-c", `autoload -Uz compinit; compinit -D; source ${scripts.zsh}; print -r -- $_comps[obs-agent]`], { env: { ...process.env, HOME: folder } }).toString();
    expect(out.trim()).toBe("_obs_agent");
  });
});
