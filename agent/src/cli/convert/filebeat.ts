/** Filebeat (elastic.co/guide, "filebeat.yml"). Dotted and nested keys are the same. */

import { Conversion, excludeFrom, globs, isMapping, isOn, listOf, mappingOf, noSource, noStage, REASONS, takeLabels, textsOf, type FileGroup, type Rule } from "./conversion.ts";
import { fromFilebeat } from "./multiline.ts";

/** Compressed files are always left out; a pattern that only says so needs nothing. */
const excludeFiles = (group: FileGroup, value: unknown): string | void => {
  for (const pattern of textsOf(value)) {
    const ending = /^\\?\.(\w+)\$$|^(?:\.\*)?\\\.(\w+)\$$/.exec(pattern);
    if (!ending) return `${JSON.stringify(pattern)} is a regular expression; exclude takes globs`;
    excludeFrom(group, `*.${ending[1] ?? ending[2]!}`);
  }
};

const convertParsers = (group: FileGroup, value: unknown): string | void => {
  const needless = new Set(["ndjson", "container", "syslog", "multiline"]);
  for (const parser of listOf(value)) {
    const fault = isMapping(mappingOf(parser).multiline) ? fromFilebeat(group, mappingOf(mappingOf(parser).multiline)) : undefined;
    if (fault !== undefined) return fault;
  }
  const others = listOf(value).flatMap((parser) => Object.keys(mappingOf(parser))).filter((name) => !needless.has(name));
  if (others.length > 0) return `${others.join(", ")}: lines are not changed by patterns; ${REASONS.detected}`;
};

const inputRules: Readonly<Record<string, Rule<FileGroup>>> = {
  type: () => {},
  enabled: () => {},
  paths: (group, value) => void group.include.push(...globs(value)),
  exclude_files: excludeFiles,
  tail_files: (group, value) => void (group.read_from = isOn(value) ? "end" : "beginning"),
  parsers: convertParsers,
  id: REASONS.positions,
  fields_under_root: "fields that are taken over are fields of the row",
  symlinks: "linked files are followed",
  ...Object.fromEntries(["json", "stream", "format"].map((name) => [name, REASONS.detected])),
  ...Object.fromEntries(["scan_frequency", "harvester_buffer_size", "harvester_limit", "backoff", "close", "clean", "prospector", "file_identity", "recursive_glob", "scan", "take_over", "rotation", "ignore_inactive"].map((name) => [name, REASONS.rotation])),
  ...Object.fromEntries(["close_inactive", "close_renamed", "close_removed", "close_eof", "close_timeout", "clean_inactive", "clean_removed", "max_backoff", "backoff_factor"].map((name) => [name, REASONS.rotation])),
  ...Object.fromEntries(["max_bytes", "message_max_bytes", "buffer_size"].map((name) => [name, REASONS.longLines])),
  multiline: (group, value) => fromFilebeat(group, mappingOf(value)),
  encoding: (_group, value) => (/^(plain|utf-?8)$/i.test(String(value)) ? undefined : "files are read as UTF-8"),
  ignore_older: () => "files are chosen by include and exclude; read_from says where they are begun",
};

const convertInput = (conversion: Conversion, where: string, input: Record<string, unknown>): void => {
  const type = String(input.type ?? "log");
  if (input.enabled !== undefined && !isOn(input.enabled)) return conversion.note("not needed", where, "it is switched off");
  if (type === "stdin") return conversion.note("not needed", where, "COMMAND | obs-agent ships a pipe");
  if (!["log", "filestream", "container"].includes(type)) return conversion.note("no equal", where, noSource(type));
  const { fields, processors, tags, service, ...options } = input;
  const group: FileGroup = { include: [], read_from: "beginning" };
  conversion.apply(where, options, inputRules, group);
  takeLabels(conversion, `${where}.fields`, group, flattened(fields));
  if (isMapping(service) && service.name !== undefined) group.service = String(service.name);
  if (tags !== undefined) conversion.note("no equal", `${where}.tags`, "rows have no tags");
  convertProcessors(conversion, where, processors);
  conversion.addFiles(where, group);
};

/** `{a: {b: 1}}` as `{"a.b": 1}`: how fields are named on a record. */
const flattened = (value: unknown, prefix = ""): Record<string, unknown> =>
  Object.fromEntries(Object.entries(mappingOf(value)).flatMap(([name, inner]) => (isMapping(inner) ? Object.entries(flattened(inner, `${prefix}${name}.`)) : [[prefix + name, inner] as const])));

const convertProcessors = (conversion: Conversion, where: string, processors: unknown): void => {
  for (const [index, processor] of listOf(processors).entries())
    for (const [name, options] of Object.entries(mappingOf(processor))) {
      const at = `${where === "" ? "" : `${where}.`}processors.${index}.${name}`;
      if (name === "add_host_metadata" || name === "add_observer_metadata") conversion.note("not needed", at, REASONS.host);
      else if (name === "dissect") conversion.note("no equal", at, REASONS.ownFormat);
      else if (/^timestamp$|^decode_json_fields$/.test(name)) conversion.note("not needed", at, REASONS.detected);
      else if (name === "add_fields" && where === "") {
        const all: { service?: string; environment?: string } = {};
        takeLabels(conversion, at, all, flattened(mappingOf(options).fields));
        if (all.environment !== undefined) conversion.config.environment = all.environment;
        for (const group of conversion.config.files) group.service ??= all.service!;
      } else conversion.note("no equal", at, noStage(`the processor ${name}`));
    }
};

/** Where modules look when nothing is said; on Debian and Red Hat, by the modules' manifests. */
const MODULE_PATHS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  nginx: { access: ["/var/log/nginx/access.log*"], error: ["/var/log/nginx/error.log*"] },
  apache: { access: ["/var/log/apache2/access.log*", "/var/log/apache2/other_vhosts_access.log*", "/var/log/httpd/access_log*"], error: ["/var/log/apache2/error.log*", "/var/log/httpd/error_log*"] },
  system: { syslog: ["/var/log/messages*", "/var/log/syslog*"], auth: ["/var/log/auth.log*", "/var/log/secure*"] },
  mysql: { error: ["/var/log/mysql/error.log*", "/var/log/mysqld.log*"], slowlog: ["/var/log/mysql/*-slow.log*", "/var/lib/mysql/*-slow.log"] },
  postgresql: { log: ["/var/log/postgresql/postgresql-*-*.log*"] },
  redis: { log: ["/var/log/redis/redis-server.log*"] },
  haproxy: { log: ["/var/log/haproxy.log"] },
  mongodb: { log: ["/var/log/mongodb/mongodb.log"] },
};

const convertModule = (conversion: Conversion, where: string, options: Record<string, unknown>): void => {
  const { module: name, enabled, ...filesets } = options;
  if (enabled !== undefined && !isOn(enabled)) return conversion.note("not needed", where, "it is switched off");
  const known = MODULE_PATHS[String(name)];
  if (!known) return conversion.note("no equal", where, `the paths of the module ${String(name)} are not known here: name them in files`);
  for (const [fileset, paths] of Object.entries(known)) {
    const given = mappingOf(filesets[fileset]);
    if (given.enabled !== undefined && !isOn(given.enabled)) continue;
    const set = given["var.paths"] ?? mappingOf(given.var).paths;
    conversion.addFiles(`${where}.${fileset}`, { include: set === undefined ? [...paths] : globs(set), read_from: "beginning", ...(name === "system" ? {} : { service: String(name) }) });
  }
};

const UNNEEDED: readonly (readonly [RegExp, string])[] = [
  [/^(output|setup|cloud)$/, REASONS.output],
  [/^(queue|path)$/, REASONS.buffer],
  [/^(http|monitoring|max_procs|instrumentation)$/, REASONS.admin],
];

export const convertFilebeat = (file: Record<string, unknown>): Conversion => {
  const conversion = new Conversion();
  const { filebeat, processors, fields, name, logging, tags, fields_under_root: _root, ...others } = nested(file);
  const { inputs, prospectors, modules, registry, config, autodiscover, shutdown_timeout, ...unknown } = mappingOf(filebeat);
  for (const [index, input] of [...listOf(inputs), ...listOf(prospectors)].entries()) convertInput(conversion, `filebeat.inputs.${index}`, nested(mappingOf(input)));
  for (const [index, entry] of listOf(modules).entries()) convertModule(conversion, `filebeat.modules.${index}`, mappingOf(entry));
  if (registry !== undefined) conversion.note("not needed", "filebeat.registry", REASONS.positions);
  if (shutdown_timeout !== undefined) conversion.note("not needed", "filebeat.shutdown_timeout", REASONS.positions);
  if (config !== undefined) conversion.note("no equal", "filebeat.config", "convert those files too; files of a folder given by --config are joined");
  if (autodiscover !== undefined) conversion.note("no equal", "filebeat.autodiscover", noSource("containers"));
  if (typeof name === "string" && name !== "") {
    conversion.config.host = name;
    conversion.note("taken over", "name", "host");
  }
  const { level, ...logs } = mappingOf(logging);
  if (level !== undefined) conversion.setLevel("logging.level", level);
  if (Object.keys(logs).length > 0) conversion.note("not needed", "logging", "the agent's own log goes to stderr");
  const all: { service?: string; environment?: string } = {};
  takeLabels(conversion, "fields", all, flattened(fields));
  if (all.environment !== undefined) conversion.config.environment = all.environment;
  if (all.service !== undefined) for (const group of conversion.config.files) group.service ??= all.service;
  convertProcessors(conversion, "", processors);
  if (tags !== undefined) conversion.note("no equal", "tags", "rows have no tags");
  for (const key of [...Object.keys(unknown).map((inner) => `filebeat.${inner}`), ...Object.keys(others)]) {
    const [, reason] = UNNEEDED.find(([pattern]) => pattern.test(key)) ?? [];
    conversion.note(reason === undefined ? "no equal" : "not needed", key, reason ?? "obs-agent has nothing like it");
  }
  return conversion;
};

/** `a.b.c: 1` as `a: {b: {c: 1}}`, at the top of a file or an input. */
const nested = (options: Record<string, unknown>): Record<string, unknown> => {
  const whole: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    const parts = name.split(".");
    let at = whole;
    for (const part of parts.slice(0, -1)) at = at[part] = { ...mappingOf(at[part]) };
    const last = parts.at(-1)!;
    at[last] = isMapping(value) ? { ...mappingOf(at[last]), ...nested(value) } : value;
  }
  return whole;
};
