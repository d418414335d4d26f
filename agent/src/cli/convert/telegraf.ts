/** Telegraf (docs.influxdata.com/telegraf, "Configuration options"). */

import { Conversion, globs, isMapping, isOn, listOf, mappingOf, noSource, noStage, ourVariables, REASONS, seconds, takeLabels, type FileGroup, type Rule } from "./conversion.ts";
import { byNeighbour, join } from "./multiline.ts";

/** What host_metrics reads too. */
const HOST_INPUTS = new Set(["cpu", "mem", "disk", "diskio", "net", "system"]);

const tailRules: Readonly<Record<string, Rule<FileGroup>>> = {
  files: (group, value) => void group.include.push(...globs(value)),
  from_beginning: (group, value) => void (group.read_from = isOn(value) ? "beginning" : "end"),
  initial_read_offset: (group, value) => void (group.read_from = /beginning/.test(String(value)) ? "beginning" : "end"),
  watch_method: REASONS.rotation,
  max_undelivered_lines: REASONS.buffer,
  path_tag: REASONS.path,
  ...Object.fromEntries(["data_format", "json_string_fields", "json_time_key", "json_time_format", "json_name_key", "tag_keys", "filters"].map((name) => [name, REASONS.detected])),
  ...Object.fromEntries(["grok_patterns", "grok_custom_patterns", "grok_custom_pattern_files", "grok_timezone"].map((name) => [name, () => REASONS.ownFormat])),
  character_encoding: (_group, value) => (/^(utf-?8)?$/i.test(String(value)) ? undefined : "files are read as UTF-8"),
  multiline: (group, value) => {
    const { pattern, match_which_line: which, invert_match: inverted, timeout } = mappingOf(value);
    return join(group, byNeighbour(String(pattern), isOn(inverted), which === "next" ? "next" : "previous"), { linger: timeout });
  },
  pipe: () => "named pipes are not read; COMMAND | obs-agent ships a pipe",
};

const agentRules: Readonly<Record<string, Rule<Conversion>>> = {
  interval: () => {},
  hostname: (conversion, value) => {
    if (value === "") return;
    conversion.config.host = ourVariables(String(value));
    conversion.note("taken over", "agent.hostname", "host");
  },
  debug: (conversion, value) => (isOn(value) ? conversion.setLevel("agent.debug", "debug") : undefined),
  quiet: (conversion, value) => (isOn(value) ? conversion.setLevel("agent.quiet", "error") : undefined),
  omit_hostname: (_conversion, value) => (isOn(value) ? "host is on every row" : undefined),
  ...Object.fromEntries(["round_interval", "metric_batch_size", "metric_buffer_limit", "collection_jitter", "collection_offset", "flush_interval", "flush_jitter", "precision"].map((name) => [name, "batches are sealed by batch.linger and batch.max_rows"])),
  ...Object.fromEntries(["logtarget", "logfile", "logfile_rotation_interval", "logfile_rotation_max_size", "logfile_rotation_max_archives", "log_with_timezone"].map((name) => [name, "the agent's own log goes to stderr"])),
};

const HOST_OPTIONS = new Set(["interval", "percpu", "totalcpu", "collect_cpu_time", "report_active", "core_tags"]);

const convertInput = (conversion: Conversion, name: string, where: string, input: Record<string, unknown>, interval: unknown): void => {
  if (name === "tail" || name === "logparser") {
    const { tags, grok, name_override: override, ...options } = input;
    const group: FileGroup = { include: [], read_from: "end" };
    conversion.apply(where, options, tailRules, group);
    takeLabels(conversion, `${where}.tags`, group, tags);
    if (override !== undefined) {
      group.service ??= String(override);
      conversion.note("taken over", `${where}.name_override`, "service");
    }
    if (grok !== undefined) conversion.note("no equal", `${where}.grok`, REASONS.ownFormat);
    return conversion.addFiles(where, group);
  }
  if (HOST_INPUTS.has(name)) {
    for (const option of Object.keys(input)) if (!HOST_OPTIONS.has(option)) conversion.note("no equal", `${where}.${option}`, "what host_metrics reads is fixed");
    return conversion.addHostMetrics(where, seconds(input.interval ?? interval));
  }
  if (name === "internal") return conversion.note("not needed", where, REASONS.admin);
  conversion.note("no equal", where, noSource(name));
};

export const convertTelegraf = (file: Record<string, unknown>): Conversion => {
  const conversion = new Conversion();
  const { agent, global_tags: tags, inputs, outputs, processors, aggregators, ...others } = file;
  conversion.apply("agent", mappingOf(agent), agentRules, conversion);
  const all: { service?: string; environment?: string } = {};
  takeLabels(conversion, "global_tags", all, tags);
  if (all.environment !== undefined) conversion.config.environment = all.environment;
  for (const [name, instances] of Object.entries(mappingOf(inputs)))
    for (const [index, input] of listOf(instances).entries()) convertInput(conversion, name, `inputs.${name}${listOf(instances).length > 1 ? `.${index}` : ""}`, mappingOf(input), mappingOf(agent).interval);
  if (all.service !== undefined) for (const group of conversion.config.files) group.service ??= all.service;
  for (const name of Object.keys(mappingOf(outputs))) conversion.note("not needed", `outputs.${name}`, REASONS.output);
  for (const [kind, set] of [["processors", processors], ["aggregators", aggregators]] as const) for (const name of Object.keys(mappingOf(set))) conversion.note("no equal", `${kind}.${name}`, noStage(`${name}`));
  for (const [name, value] of Object.entries(others)) conversion.note("no equal", name, isMapping(value) ? "the section is not known" : "obs-agent has nothing like it");
  return conversion;
};
