/** `obs-agent graph`: the path that a configuration makes, as text or as a Mermaid flow chart. */

import type { AgentConfig } from "../config/resolve.ts";
import { configSchema } from "../config/schema.ts";
import { findSources } from "../found-sources.ts";
import { requireConfiguration } from "./configuration.ts";
import { listOf, textOf, type Invocation } from "./definition.ts";

export interface Stage {
  readonly name: string;
  /** What is configured of it, one line each. */
  readonly facts: readonly string[];
}

export interface Path {
  readonly sources: readonly Stage[];
  readonly stages: readonly Stage[];
}

/** Options that are not sources. Whatever else the file holds is one. */
const NO_SOURCES = new Set(["log", "tls", "outputs", "mask", "batch", "buffer", "send", "fields", "admin"]);

const duration = (ms: number): string => (ms >= 1_000 && ms % 100 === 0 ? `${ms / 1_000} s` : `${ms} ms`);
const bytes = (count: number): string => {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  return `${Math.round((count / 2 ** (10 * unit)) * 10) / 10} ${units[unit]}`;
};

const SECRET = /key|token|secret|password|authorization/i;
const DURATION = /interval|timeout|linger|wait|^read_from$/;

/** Values as a person wrote them, as far as a line has room; never a secret. */
const factOf = (name: string, value: unknown): string[] => {
  if (value === undefined || value === false || name === "enabled" || (Array.isArray(value) && value.length === 0)) return [];
  if (SECRET.test(name)) return [`${name}: [redacted]`];
  if (typeof value === "number") return [`${name}: ${DURATION.test(name) ? duration(value) : value}`];
  if (Array.isArray(value)) return [`${name}: ${value.map((item) => (typeof item === "object" ? JSON.stringify(item) : String(item))).join(", ")}`];
  return [`${name}: ${typeof value === "object" ? JSON.stringify(value, (key, inner: unknown) => (SECRET.test(key) ? "[redacted]" : inner)) : String(value)}`];
};

const stageOf = (name: string, options: object): Stage => ({ name, facts: Object.entries(options).flatMap(([option, value]) => factOf(option, value)) });

/** Not when it is switched off or not found, nor when all that it would read is an empty list. */
const isAsked = (options: object, isFound: boolean): boolean => {
  const { enabled } = options as { enabled?: boolean | "auto" };
  if (enabled === "auto") return isFound;
  const lists = Object.values(options).filter((value) => Array.isArray(value));
  return enabled ?? (lists.length === 0 || lists.some((list) => list.length > 0));
};

const sourcesOf = (config: AgentConfig): Stage[] => {
  const found: Partial<Record<string, unknown>> = { ...findSources(config) };
  return (Object.keys(configSchema.shape) as (keyof typeof config)[]).flatMap((name) => {
    // Only what stands in the file: what was read from key files is in the configuration too.
    const value: unknown = name === "plugins" ? config.plugins.map(({ source: _source, transforms, ...named }) => ({ ...named, transforms: transforms.map(({ module }) => module) })) : config[name];
    if (NO_SOURCES.has(name) || typeof value !== "object" || value === null) return [];
    if (Array.isArray(value)) return value.map((item, index) => stageOf(value.length > 1 ? `${name} ${index + 1}` : name, item as object));
    return isAsked(value, found[name] === true) ? [stageOf(name, value)] : [];
  });
};

const withoutUser = (endpoint: string): string => endpoint.replace(/\/\/[^/@]*@/, "//[redacted]@");

export const pathOf = (config: AgentConfig): Path => {
  const { mask, batch, buffer, send, environment, host, dataDir, endpoint, outputs } = config;
  return {
    sources: sourcesOf(config),
    stages: [
      { name: "parse", facts: ["formats are detected per stream"] },
      { name: "enrich", facts: [`host: ${host}`, ...(environment === "" ? [] : [`environment: ${environment}`])] },
      { name: "mask", facts: [mask.enabled && mask.detectors.length > 0 ? mask.detectors.join(", ") : "off"] },
      { name: "encode", facts: [`sealed at ${batch.max_rows} rows or ${duration(batch.linger)} after the first`, "zstd"] },
      { name: "buffer", facts: [dataDir, `${bytes(buffer.max_size)} at most`] },
      { name: "send", facts: [withoutUser(endpoint), ...outputs.map((output) => `${output.name}: ${withoutUser(output.endpoint)}`), `${send.max_in_flight} in flight at most`] },
    ],
  };
};

const block = ({ name, facts }: Stage): string[] => [name, ...facts.map((fact) => `  ${fact}`)];

export const drawText = ({ sources, stages }: Path): string => {
  const from = sources.flatMap((source) => block(source).map((line, index) => `${index === 0 ? "* " : "| "}${line}`));
  const on = stages.flatMap((stage) => ["|", "v", ...block(stage)]);
  return `${[...(from.length > 0 ? from : ["(no sources)"]), ...on].join("\n")}\n`;
};

const mermaidText = ({ name, facts }: Stage): string => `"${[name, ...facts].join("<br>").replaceAll('"', "#quot;")}"`;

export const drawMermaid = ({ sources, stages }: Path): string => {
  const nodes = [...sources.map((source, index) => `  source${index}[${mermaidText(source)}]`), ...stages.map((stage) => `  ${stage.name}[${mermaidText(stage)}]`)];
  const edges = [...sources.map((_, index) => `  source${index} --> ${stages[0]!.name}`), `  ${stages.map(({ name }) => name).join(" --> ")}`];
  return `flowchart LR\n${[...nodes, ...edges].join("\n")}\n`;
};

export const graph = async (invocation: Invocation): Promise<number> => {
  const path = pathOf(await requireConfiguration(listOf(invocation, "config")));
  process.stdout.write(textOf(invocation, "format") === "mermaid" ? drawMermaid(path) : drawText(path));
  return 0;
};
