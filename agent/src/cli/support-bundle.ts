/** `obs-agent support-bundle`: what support asks for, in one file, without a secret in it. */

import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { arch, cpus, freemem, platform, release, totalmem, uptime } from "node:os";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { parseDocument } from "yaml";
import { fetchText } from "../admin/client.ts";
import { formatConfigError, listFiles } from "../config/load.ts";
import { VERSION } from "../core/version.ts";
import { AgentError } from "../errors.ts";
import { configPathsOf, findDataDir, readConfiguration } from "./configuration.ts";
import { listOf, textOf, type Invocation } from "./definition.ts";
import { isSecretName, redactText, redactYaml, secretFilesIn, secretsIn } from "./redact.ts";
import { tarOf, type TarFile } from "./tar.ts";

const README = `What obs-agent support-bundle packed. Secrets are masked, data of yours is not in it; look before you send.

versions.json        the agent, Node and this machine
environment.txt      names of the variables that matter, not their values
config/              configuration files without comments and secrets
config-errors.txt    what obs-agent validate says
status.json          of the running agent, where there is one
metrics.txt          its counters
log.txt              the last lines of its own log
data-folder.txt      names and sizes of what is in the data folder
`;

const versions = (): string =>
  `${JSON.stringify({ agent: VERSION, node: process.versions.node, platform: platform(), arch: arch(), kernel: release(), cpus: cpus().length, memoryBytes: totalmem(), freeBytes: freemem(), hostUptimeSeconds: Math.round(uptime()) }, undefined, 2)}\n`;

const RELEVANT = /^(?:OBS_|OTEL_|NODE_|XDG_|HTTPS?_PROXY$|NO_PROXY$|KUBERNETES_)/i;

const environment = (): string => Object.keys(process.env).filter((name) => RELEVANT.test(name)).sort().map((name) => `${name}\n`).join("");

const listing = async (folder: string): Promise<string> => {
  const names = await readdir(folder, { recursive: true }).catch((error: Error) => error);
  if (names instanceof Error) return `${names.message}\n`;
  const lines = await Promise.all(names.sort().map(async (name) => `${String((await stat(join(folder, name)).catch(() => undefined))?.size ?? "-").padStart(12)}  ${name}`));
  return `${folder}\n${lines.join("\n")}\n`;
};

interface Read {
  readonly name: string;
  readonly text: string;
}

const readConfigFiles = async (paths: readonly string[]): Promise<Read[]> => {
  const names = (await Promise.all(paths.map((path) => listFiles(path, [])))).flat();
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(name, "utf8").catch(() => "") })));
};

const valueOf = ({ text }: Read): unknown => {
  try {
    return parseDocument(text).toJS({ maxAliasCount: 100 });
  } catch {
    return undefined;
  }
};

/** Everything known to be secret, by value. */
const knownSecrets = async (files: readonly Read[]): Promise<Set<string>> => {
  const values = files.map(valueOf);
  const inFiles = await Promise.all(values.flatMap(secretFilesIn).map((path) => readFile(path, "utf8").catch(() => "")));
  const inEnvironment = Object.entries(process.env).flatMap(([name, value]) => (isSecretName(name) && value ? [value] : []));
  return new Set([...values.flatMap(secretsIn), ...inFiles, ...inEnvironment].map((secret) => secret.trim()));
};

/** What a running agent tells, or why there is nothing. */
const askFor = (dataDir: string, path: string): Promise<string> => fetchText(dataDir, path).catch((error: Error) => `${error.message}\n`);

/** The bundle's files, before they are packed. */
export const collectBundle = async (given: readonly string[]): Promise<TarFile[]> => {
  const paths = configPathsOf(given);
  const configFiles = await readConfigFiles(paths);
  const result = await readConfiguration(given);
  const dataDir = await findDataDir(given);
  const secrets = await knownSecrets(configFiles);
  if ("config" in result) for (const { apiKey } of [result.config, ...result.config.outputs]) secrets.add(apiKey);
  const files: TarFile[] = [
    { name: "README.txt", content: README },
    { name: "versions.json", content: versions() },
    { name: "environment.txt", content: environment() },
    ...configFiles.map(({ name, text }, index) => ({ name: `config/${index + 1}-${basename(name).slice(-60)}`, content: `# ${name}\n${redactYaml(text)}` })),
    { name: "config-errors.txt", content: "errors" in result ? `${result.errors.map(formatConfigError).join("\n")}\n` : "none\n" },
    { name: "status.json", content: await askFor(dataDir, "/status") },
    { name: "metrics.txt", content: await askFor(dataDir, "/metrics") },
    { name: "log.txt", content: await askFor(dataDir, "/log") },
    { name: "data-folder.txt", content: await listing(dataDir) },
  ];
  return files.map(({ name, content }) => ({ name: `obs-agent-support/${redactText(name, secrets)}`, content: redactText(content, secrets) }));
};

export const supportBundle = async (invocation: Invocation): Promise<number> => {
  const path = textOf(invocation, "output") ?? `obs-agent-support-${new Date().toISOString().replaceAll(/[:.]/g, "-")}.tar.gz`;
  const files = await collectBundle(listOf(invocation, "config"));
  await writeFile(path, gzipSync(tarOf(files, Date.now())), { mode: 0o600, flag: "wx" }).catch((cause: NodeJS.ErrnoException) => {
    throw new AgentError("usage", cause.code === "EEXIST" ? `${path} is there already` : `cannot write ${path}: ${cause.message}`, { cause });
  });
  process.stdout.write(`${path}\n`);
  return 0;
};
