/** The real agent, as a user would run it: the binary and a configuration file. */

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ChildOptions } from "../tool/children.ts";

/** What `npx obs-agent` runs in a checkout. */
export const AGENT_CLI = fileURLToPath(new URL("../bin/obs-agent.js", import.meta.resolve("obs-agent")));

const BUNDLE_SCRIPT = fileURLToPath(new URL("../../../.dev/bundle-agent.ts", import.meta.url));
let published: string | undefined;

/** What the published package runs, made of the sources as they are now: in half a second, once per process. */
export const publishedAgentCli = (): string => {
  if (published === undefined) {
    const name = `bundle-bench-${process.pid}`;
    execFileSync(process.execPath, [BUNDLE_SCRIPT, name], { stdio: ["ignore", "ignore", "inherit"] });
    published = fileURLToPath(new URL(`../dist/${name}/cli.js`, import.meta.resolve("obs-agent")));
    process.on("exit", () => rmSync(dirname(published!), { recursive: true, force: true }));
  }
  return published;
};

export interface AgentOptions {
  /** Names its log file. */
  readonly name: string;
  /** Holds its configuration and its data folder. */
  readonly folder: string;
  readonly endpoint: string;
  readonly apiKey: string;
  /** Globs of the files to follow, each from its beginning. */
  readonly include: readonly string[];
  /** Its data folder; one in `folder` when not given. */
  readonly dataDir?: string;
  /** Default true, as in the agent. */
  readonly masking?: boolean;
  /** Longest wait after a failed delivery, such as `1s`; the agent's default when not given. */
  readonly retryLongest?: string;
  /** More of the configuration, by the names of its file. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** As a user has it from npm, rather than from the checkout. */
  readonly published?: boolean;
  readonly preload?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export const agentDataDir = (folder: string): string => join(folder, "agent-data");

/** Writes the configuration; everything that is not in it keeps its default. */
export const agentProcess = ({ name, folder, endpoint, apiKey, include, dataDir = agentDataDir(folder), masking = true, retryLongest, more = {}, published: isPublished = false, preload, env = {} }: AgentOptions): ChildOptions => {
  mkdirSync(folder, { recursive: true });
  const configFile = join(folder, "config.yaml");
  const config = {
    endpoint,
    api_key: apiKey,
    data_dir: dataDir,
    files: [{ include, read_from: "beginning" }],
    host_metrics: { enabled: false },
    // Port 8686 may belong to this machine's own agent.
    admin: { listen: "127.0.0.1:0" },
    ...(masking ? {} : { mask: { enabled: false } }),
    ...(retryLongest === undefined ? {} : { send: { retry_longest: retryLongest } }),
    ...more,
  };
  // JSON is YAML.
  writeFileSync(configFile, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  return { name, script: isPublished ? publishedAgentCli() : AGENT_CLI, args: ["run", "--config", configFile], env, ...(preload !== undefined && { preload }) };
};
