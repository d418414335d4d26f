/** Vector, TOML and YAML (vector.dev/docs/reference/configuration). */

import { Conversion, excludeFrom, globs, mappingOf, noSource, noStage, REASONS, seconds, type FileGroup, type Rule } from "./conversion.ts";
import { byMode, join } from "./multiline.ts";

const fileRules: Readonly<Record<string, Rule<FileGroup>>> = {
  type: () => {},
  include: (group, value) => void group.include.push(...globs(value)),
  exclude: excludeFrom,
  read_from: (group, value) => void (group.read_from = value === "end" ? "end" : "beginning"),
  ...Object.fromEntries(["data_dir", "ignore_checkpoints", "remove_after_secs", "offset_key"].map((name) => [name, REASONS.positions])),
  ...Object.fromEntries(["fingerprint", "glob_minimum_cooldown_ms", "oldest_first", "max_read_bytes", "rotate_wait_secs", "ignore_not_found", "internal_metrics"].map((name) => [name, REASONS.rotation])),
  max_line_bytes: REASONS.longLines,
  file_key: REASONS.path,
  host_key: REASONS.host,
  acknowledgements: "every batch is acknowledged, and kept until then",
  multiline: (group, value) => {
    const { mode, condition_pattern: pattern, timeout_ms: timeout } = mappingOf(value);
    return join(group, byMode(mode, String(pattern)), { linger: `${String(timeout)}ms` });
  },
  ignore_older_secs: () => "files are chosen by include and exclude; read_from says where they are begun",
  encoding: () => "files are read as UTF-8",
};

const convertSource = (conversion: Conversion, name: string, options: Record<string, unknown>): void => {
  const where = `sources.${name}`;
  switch (options.type) {
    case "file": {
      const group: FileGroup = { include: [], read_from: "beginning" };
      conversion.apply(where, options, fileRules, group);
      return conversion.addFiles(where, group);
    }
    case "host_metrics":
      for (const option of ["collectors", "namespace", "filesystem", "disk", "network", "cgroups", "process", "devices"])
        if (Object.hasOwn(options, option)) conversion.note("no equal", `${where}.${option}`, "what host_metrics reads is fixed");
      return conversion.addHostMetrics(where, seconds(options.scrape_interval_secs));
    case "internal_metrics":
    case "internal_logs":
      return conversion.note("not needed", where, REASONS.admin);
    case "stdin":
      return conversion.note("not needed", where, "COMMAND | obs-agent ships a pipe");
    default:
      return conversion.note("no equal", where, noSource(String(options.type)));
  }
};

export const convertVector = (file: Record<string, unknown>): Conversion => {
  const conversion = new Conversion();
  const { sources, transforms, sinks, data_dir, api, acknowledgements, ...others } = file;
  for (const [name, options] of Object.entries(mappingOf(sources))) convertSource(conversion, name, mappingOf(options));
  for (const [name, options] of Object.entries(mappingOf(transforms))) conversion.note("no equal", `transforms.${name}`, noStage(`the transform ${String(mappingOf(options).type)}`));
  for (const name of Object.keys(mappingOf(sinks))) conversion.note("not needed", `sinks.${name}`, REASONS.output);
  if (data_dir !== undefined) conversion.note("not needed", "data_dir", REASONS.positions);
  if (api !== undefined) conversion.note("not needed", "api", REASONS.admin);
  if (acknowledgements !== undefined) conversion.note("not needed", "acknowledgements", "every batch is acknowledged, and kept until then");
  for (const name of Object.keys(others)) conversion.note("no equal", name, "obs-agent has nothing like it");
  return conversion;
};
