/** Fluent Bit, classic and YAML (docs.fluentbit.io). */

import { addOption, parseClassic, type Section } from "./fluent-bit-classic.ts";
import { Conversion, excludeFrom, globs, isMapping, isOn, listOf, mappingOf, noSource, noStage, REASONS, seconds, takeLabel, textsOf, type FileGroup, type Rule } from "./conversion.ts";

const JOINING = "lines are joined by patterns of the group itself (multiline.start), not by the name of a parser";

const HOST_METRICS = new Set(["cpu", "mem", "disk", "netif", "node_exporter_metrics"]);

const splitPaths = (value: unknown): string[] => globs(textsOf(value).flatMap((text) => text.split(",").map((path) => path.trim()).filter(Boolean)));

const tailRules: Readonly<Record<string, Rule<FileGroup>>> = {
  name: () => {},
  path: (group, value) => void group.include.push(...splitPaths(value)),
  exclude_path: (group, value) => excludeFrom(group, textsOf(value).flatMap((text) => text.split(/\s*,\s*/))),
  read_from_head: (group, value) => void (group.read_from = isOn(value) ? "beginning" : "end"),
  tag: REASONS.host,
  tag_regex: REASONS.host,
  path_key: REASONS.path,
  offset_key: REASONS.positions,
  key: "the line is the message",
  ...Object.fromEntries(["db", "db.sync", "db.locking", "db.journal_mode", "db.compare_filename"].map((name) => [name, REASONS.positions])),
  ...Object.fromEntries(["parser", "docker_mode", "docker_mode_flush"].map((name) => [name, REASONS.detected])),
  ...Object.fromEntries(["refresh_interval", "rotate_wait", "inotify_watcher", "progress_check_interval", "watcher_interval", "static_batch_size", "event_batch_size", "file_cache_advise"].map((name) => [name, REASONS.rotation])),
  ...Object.fromEntries(["mem_buf_limit", "storage.type", "storage.pause_on_chunks_overlimit", "threaded"].map((name) => [name, REASONS.buffer])),
  ...Object.fromEntries(["buffer_chunk_size", "buffer_max_size", "skip_long_lines"].map((name) => [name, REASONS.longLines])),
  skip_empty_lines: "blank lines make no record",
  "multiline.parser": (_group, value) => {
    const others = textsOf(value).flatMap((text) => text.split(/\s*,\s*/)).filter((name) => !/^(java|python|go|ruby)$/.test(name));
    if (others.length > 0) return `${others.join(", ")}: ${JOINING}; stack traces are joined without being told`;
  },
  ...Object.fromEntries(["multiline", "multiline_flush", "parser_firstline"].map((name) => [name, () => JOINING])),
  ignore_older: () => "files are chosen by include and exclude; read_from says where they are begun",
};

const serviceRules: Readonly<Record<string, Rule<Conversion>>> = {
  log_level: (conversion, value) => conversion.setLevel("SERVICE.log_level", value),
  ...Object.fromEntries(["flush", "grace", "daemon", "dns.mode", "dns.resolver", "scheduler.base", "scheduler.cap", "coro_stack_size", "sp.convert_from_str_to_num"].map((name) => [name, "batches are sealed by batch.linger and batch.max_rows"])),
  ...Object.fromEntries(["parsers_file"].map((name) => [name, REASONS.detected])),
  ...Object.fromEntries(["http_server", "http_listen", "http_port", "health_check", "hc_errors_count", "hc_retry_failure_count", "hc_period", "hot_reload"].map((name) => [name, REASONS.admin])),
  ...Object.fromEntries(["storage.path", "storage.sync", "storage.checksum", "storage.max_chunks_up", "storage.backlog.mem_limit", "storage.metrics", "storage.delete_irrecoverable_chunks"].map((name) => [name, REASONS.buffer])),
};

const whereOf = ({ kind, line, options }: Section): string => `[${kind}]${options.name === undefined ? "" : ` ${String(options.name)}`}${line > 0 ? ` (line ${line})` : ""}`;

const convertInput = (conversion: Conversion, section: Section): void => {
  const where = whereOf(section);
  const name = String(section.options.name).toLowerCase();
  if (name === "tail") {
    // Fluent Bit begins at the end where nothing is said.
    const group: FileGroup = { include: [], read_from: "end" };
    conversion.apply(where, section.options, tailRules, group);
    return conversion.addFiles(where, group);
  }
  if (HOST_METRICS.has(name)) return conversion.addHostMetrics(where, seconds(section.options.interval_sec ?? section.options.scrape_interval));
  if (name === "stdin") return conversion.note("not needed", where, "COMMAND | obs-agent ships a pipe");
  if (name === "fluentbit_metrics" || name === "fluentbit_logs") return conversion.note("not needed", where, REASONS.admin);
  conversion.note("no equal", where, noSource(name));
};

/** `Add KEY VALUE`, `Set KEY VALUE`, `Record KEY VALUE` on everything. */
const convertFilter = (conversion: Conversion, section: Section): void => {
  const { name, match, match_regex: _regex, ...options } = section.options;
  const where = whereOf(section);
  if (name === "parser" || name === "multiline") return conversion.note(name === "parser" ? "not needed" : "no equal", where, name === "parser" ? REASONS.detected : JOINING);
  if ((name !== "modify" && name !== "record_modifier") || match !== "*") return conversion.note("no equal", where, noStage(`the filter ${String(name)}${match === undefined || match === "*" ? "" : ` on ${String(match)}`}`));
  for (const [option, values] of Object.entries(options))
    for (const value of textsOf(values)) {
      const [field = "", ...rest] = value.split(/\s+/);
      const all: { service?: string; environment?: string } = {};
      if (["add", "set", "record"].includes(option) && takeLabel(all, field, rest.join(" "))) {
        if (all.environment !== undefined) conversion.config.environment = all.environment;
        if (all.service !== undefined) for (const group of conversion.config.files) group.service = all.service;
        conversion.note("taken over", `${where}.${option} ${field}`, all.service === undefined ? "environment" : "service of all files");
      } else conversion.note("no equal", `${where}.${option} ${field}`, "rows carry service, host, environment and what is in their lines");
    }
};

const convertSection = (conversion: Conversion, section: Section): void => {
  switch (section.kind) {
    case "SERVICE":
      return conversion.apply("SERVICE", section.options, serviceRules, conversion);
    case "INPUT":
      return convertInput(conversion, section);
    case "FILTER":
      return convertFilter(conversion, section);
    case "OUTPUT":
      return conversion.note("not needed", whereOf(section), REASONS.output);
    case "PARSER":
      if (String(section.options.format).toLowerCase() === "regex") return conversion.note("no equal", whereOf(section), REASONS.ownFormat);
      return conversion.note("not needed", whereOf(section), REASONS.detected);
    case "MULTILINE_PARSER":
      return conversion.note("no equal", whereOf(section), JOINING);
    default:
      return conversion.note("no equal", whereOf(section), `the section ${section.kind} is not known`);
  }
};

const convertSections = (sections: readonly Section[]): Conversion => {
  const conversion = new Conversion();
  // Filters change what inputs made.
  for (const section of [...sections].sort((one, other) => Number(one.kind === "FILTER") - Number(other.kind === "FILTER"))) convertSection(conversion, section);
  return conversion;
};

export const convertFluentBitClassic = (text: string): Conversion => {
  const { sections, includes, strange } = parseClassic(text);
  const conversion = convertSections(sections);
  for (const include of includes) conversion.note("no equal", `@INCLUDE ${include}`, "convert that file too; files of a folder given by --config are joined");
  for (const line of strange) conversion.note("no equal", `line ${line}`, "it is no section and no option");
  return conversion;
};

const lowered = (value: unknown): Record<string, unknown> => {
  const options: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(mappingOf(value))) for (const one of listOf(inner)) addOption(options, name, isMapping(one) ? JSON.stringify(one) : one);
  return options;
};

const KINDS: readonly (readonly [string, string])[] = [["inputs", "INPUT"], ["filters", "FILTER"], ["outputs", "OUTPUT"]];

const sectionsOf = (kind: string, list: unknown): Section[] => listOf(list).map((options) => ({ kind, line: 0, options: lowered(options) }));

export const convertFluentBitYaml = (file: Record<string, unknown>): Conversion => {
  const { service, pipeline, env, includes, parsers, multiline_parsers: multiline, ...others } = file;
  const sections = [...(service === undefined ? [] : sectionsOf("SERVICE", service)), ...KINDS.flatMap(([key, kind]) => sectionsOf(kind, mappingOf(pipeline)[key])), ...sectionsOf("PARSER", parsers), ...sectionsOf("MULTILINE_PARSER", multiline)];
  const conversion = convertSections(sections);
  for (const include of textsOf(includes)) conversion.note("no equal", `includes ${include}`, "convert that file too; files of a folder given by --config are joined");
  for (const name of Object.keys(mappingOf(env))) conversion.note("no equal", `env.${name}`, "variables come from the environment of the agent");
  for (const name of Object.keys(others)) conversion.note("no equal", name, "the section is not known");
  return conversion;
};
