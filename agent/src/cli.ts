#!/usr/bin/env node
/**
 * obs-agent: the command line. Everything behind a command is loaded when it is asked for, so that
 * `help` and `status` answer at once and `run` loads no more than it needs.
 */

import { fstatSync } from "node:fs";
import module from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AgentError } from "./errors.ts";

// What is imported above is there in every Node since 18, so that this line can be said at all.
const LOWEST_NODE = [22, 18] as const;
const [major, minor] = process.versions.node.split(".").map(Number) as [number, number];
if (major < LOWEST_NODE[0] || (major === LOWEST_NODE[0] && minor < LOWEST_NODE[1])) {
  process.stderr.write(`obs-agent: Node ${process.versions.node} is too old: it needs ${LOWEST_NODE.join(".")} or later (npx -p node@24 -p obs-agent obs-agent)\n`);
  process.exit(1);
}

// Compiled modules are kept between starts, which halves the time to the first line read. In a
// folder of this user's own: in Node's default, under /tmp, somebody else could leave code for us.
module.enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "obs-agent"));

const USAGE = `obs-agent: tails, parses, masks, buffers and ships logs and metrics, exactly once.

  obs-agent [run]       ship the files and metrics of this host until it is stopped
  COMMAND | obs-agent   ship the lines of a pipe, wait until they are stored, end
  obs-agent validate    check the configuration: every error at once, exit code 78
  obs-agent status      what a running agent has read, sent and holds
  obs-agent help | version

  --config FILE|FOLDER  configuration, repeatable; a folder's *.yaml in the order of their names
  --json                status and validate as JSON

  OBS_ENDPOINT, OBS_API_KEY   the backend; else the configuration, else this machine's own (npm start)
  OBS_AGENT_DATA_DIR          folder of the disk buffer
  OBS_AGENT_LISTEN            address of health and metrics (127.0.0.1:8686; "off": none)
  OBS_SERVICE                 service of the lines of a pipe ("stdin")

Configuration: agent/docs/config.md
`;

const COMMANDS = ["run", "stdin", "validate", "status", "help", "version"] as const;
type Command = (typeof COMMANDS)[number];

interface Invocation {
  readonly command: Command;
  readonly configPaths: readonly string[];
  readonly json: boolean;
}

/** A pipe or a file on stdin is meant for us only when nothing else was asked for. */
const hasInput = (): boolean => {
  try {
    const stdin = fstatSync(0);
    return stdin.isFIFO() || stdin.isFile() || stdin.isSocket();
  } catch {
    return false;
  }
};

const readArguments = (args: readonly string[]): Invocation => {
  const options = { config: { type: "string", multiple: true }, json: { type: "boolean" }, help: { type: "boolean", short: "h" }, version: { type: "boolean", short: "v" } } as const;
  let parsed: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true; args: string[] }>>;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new AgentError("usage", `${(error as Error).message} (obs-agent help)`);
  }
  const { values, positionals } = parsed;
  const { config: configPaths = [], json = false, help = false, version = false } = values;
  const [named, ...rest] = positionals;
  if (rest.length > 0) throw new AgentError("usage", `unexpected argument: ${rest[0]} (obs-agent help)`);
  if (named !== undefined && !(COMMANDS as readonly string[]).includes(named)) throw new AgentError("usage", `there is no command "${named}" (obs-agent help)`);
  const fallback: Command = configPaths.length === 0 && hasInput() ? "stdin" : "run";
  return { command: help ? "help" : version ? "version" : ((named as Command | undefined) ?? fallback), configPaths, json };
};

/** Asks the agent that runs on the data folder. */
const showStatus = async (configPaths: readonly string[], json: boolean): Promise<number> => {
  const [{ findDataDir }, { fetchStatus }, { formatStatus }] = await Promise.all([import("./cli/configuration.ts"), import("./admin/server.ts"), import("./admin/status.ts")]);
  const status = await fetchStatus(await findDataDir(configPaths));
  process.stdout.write(json ? `${JSON.stringify(status)}\n` : formatStatus(status));
  return 0;
};

const perform = async ({ command, configPaths, json }: Invocation): Promise<number> => {
  switch (command) {
    case "help":
      process.stdout.write(USAGE);
      return 0;
    case "version": {
      const { VERSION } = await import("./core/version.ts");
      process.stdout.write(`${VERSION}\n`);
      return 0;
    }
    case "status":
      return showStatus(configPaths, json);
    case "validate":
      return (await import("./cli/validate.ts")).validate(configPaths, json);
    case "run":
      return (await import("./cli/run.ts")).run(configPaths);
    case "stdin":
      return (await import("./cli/ship-stdin.ts")).shipStdin();
  }
};

try {
  process.exitCode = await perform(readArguments(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof AgentError)) throw error;
  process.stderr.write(`obs-agent: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
// Whatever a stopped part left behind must not keep the process: its data is durable.
process.exit();
