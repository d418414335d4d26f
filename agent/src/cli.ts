#!/usr/bin/env node
/**
 * obs-agent: the command line. Everything behind a command is loaded when it is asked for, so that
 * `help` and `status` answer at once and `run` loads no more than it needs.
 */

import { fstatSync } from "node:fs";
import module from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { COMMANDS } from "./cli/commands.ts";
import { findCommand, readInvocation } from "./cli/definition.ts";
import { AgentError } from "./errors.ts";

// bin/obs-agent.js says the same of a checkout; a published agent starts here.
const LOWEST_NODE = [22, 18] as const;
const [major, minor] = process.versions.node.split(".").map(Number) as [number, number];
if (major < LOWEST_NODE[0] || (major === LOWEST_NODE[0] && minor < LOWEST_NODE[1])) {
  process.stderr.write(`obs-agent: Node ${process.versions.node} is too old: it needs ${LOWEST_NODE.join(".")} or later (npx -p node@24 -p obs-agent obs-agent)\n`);
  process.exit(1);
}

// Compiled modules are kept between starts, which halves the time to the first line read. In a
// folder of this user's own: in Node's default, under /tmp, somebody else could leave code for us.
module.enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "obs-agent"));

/** A pipe or a file on stdin is meant for us only when nothing else was asked for. */
const hasInput = (): boolean => {
  try {
    const stdin = fstatSync(0);
    return stdin.isFIFO() || stdin.isFile() || stdin.isSocket();
  } catch {
    return false;
  }
};

const perform = async (given: readonly string[]): Promise<number> => {
  if (given.some((word) => word === "--help" || word === "-h")) return findCommand(COMMANDS, "help").run({ args: given.filter((word) => !word.startsWith("-")).slice(0, 1), flags: {} });
  if (given.some((word) => word === "--version" || word === "-v")) return findCommand(COMMANDS, "version").run({ args: [], flags: {} });
  const [first] = given;
  const isNamed = first !== undefined && !first.startsWith("-");
  const command = findCommand(COMMANDS, isNamed ? first : first === undefined && hasInput() ? "stdin" : "run");
  return command.run(readInvocation(command, isNamed ? given.slice(1) : given));
};

try {
  process.exitCode = await perform(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof AgentError)) throw error;
  process.stderr.write(`obs-agent: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
// Whatever a stopped part left behind must not keep the process: its data is durable.
// A pipe takes at once what fits; `process.exit` would cut off the rest.
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise<void>((resolve) => void stream.write("", () => resolve()))));
process.exit();
