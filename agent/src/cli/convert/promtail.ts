/** Promtail (grafana.com/docs/loki, "Promtail configuration reference"). */

import { Conversion, excludeFrom, globs, listOf, mappingOf, noSource, noStage, REASONS, takeLabels, type FileGroup } from "./conversion.ts";
import { join } from "./multiline.ts";

/** Stages of a pipeline that detection makes superfluous. */
const UNNEEDED_STAGES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(["json", "logfmt", "timestamp", "labels", "output", "cri", "docker", "structured_metadata", "labelallow", "labeldrop", "eventlogmessage"].map((name) => [name, REASONS.detected])),
  tenant: "the API key names the tenant",
};

const SERVICE_DISCOVERY = ["kubernetes_sd_configs", "docker_sd_configs", "consul_sd_configs", "consulagent_sd_configs", "file_sd_configs", "journal", "syslog", "gcplog", "azure_event_hubs", "kafka", "gelf", "cloudflare", "heroku_drain", "loki_push_api", "windows_events"];

/** They are those of a whole job: labels go to all of its groups. */
const convertStages = (conversion: Conversion, where: string, group: FileGroup, stages: unknown): void => {
  for (const [index, stage] of listOf(stages).entries())
    for (const [name, options] of Object.entries(mappingOf(stage))) {
      const path = `${where}.pipeline_stages.${index}.${name}`;
      if (name === "regex" || name === "pattern") conversion.note("no equal", path, REASONS.ownFormat);
      else if (name === "static_labels") takeLabels(conversion, path, group, options);
      else if (UNNEEDED_STAGES[name] !== undefined) conversion.note("not needed", path, UNNEEDED_STAGES[name]);
      else if (name === "multiline") {
        const { firstline, max_lines: maxLines, max_wait_time: linger } = mappingOf(options);
        const fault = join(group, { start: String(firstline) }, { linger, maxLines });
        conversion.note(fault === undefined ? "taken over" : "no equal", path, fault ?? "multiline");
      }
      else conversion.note("no equal", path, noStage(`the stage ${name}`));
    }
};

const stagesOf = (conversion: Conversion, where: string, stages: unknown): FileGroup => {
  const group: FileGroup = { include: [] };
  convertStages(conversion, where, group, stages);
  return group;
};

const convertTargets = (conversion: Conversion, where: string, statics: unknown, stages: unknown): void => {
  const { include: _none, ...all }: FileGroup = stagesOf(conversion, where, stages);
  for (const [index, entry] of listOf(statics).entries()) {
    const { __path__: path, __path_exclude__: exclude, ...labels } = mappingOf(mappingOf(entry).labels);
    const at = `${where}.static_configs.${index}`;
    const group: FileGroup = { include: globs(path), read_from: "beginning" };
    if (exclude !== undefined) excludeFrom(group, exclude);
    // More exact names win over the job.
    const { job, ...others } = labels;
    takeLabels(conversion, `${at}.labels`, group, Object.fromEntries(Object.entries(others).filter(([name]) => !/^(host|hostname|instance|filename)$/.test(name))));
    if (job !== undefined && group.service === undefined) takeLabels(conversion, `${at}.labels`, group, { job });
    Object.assign(group, all);
    conversion.addFiles(at, group);
  }
};

const convertScrape = (conversion: Conversion, index: number, scrape: Record<string, unknown>): void => {
  const { job_name: name, static_configs: statics, pipeline_stages: stages, entry_parser, encoding, decompression, relabel_configs: relabel, ...others } = scrape;
  const where = `scrape_configs.${name === undefined ? index : String(name)}`;
  if (statics !== undefined) convertTargets(conversion, where, statics, stages);
  if (entry_parser !== undefined) conversion.note("not needed", `${where}.entry_parser`, REASONS.detected);
  if (encoding !== undefined) conversion.note("no equal", `${where}.encoding`, "files are read as UTF-8");
  if (decompression !== undefined) conversion.note("no equal", `${where}.decompression`, "compressed files are left out: they were read before they were compressed");
  if (relabel !== undefined) conversion.note("no equal", `${where}.relabel_configs`, "there is no relabelling of logs");
  for (const key of Object.keys(others)) conversion.note("no equal", `${where}.${key}`, SERVICE_DISCOVERY.includes(key) ? noSource(key.replace(/_configs$/, "")) : "obs-agent has nothing like it");
};

export const convertPromtail = (file: Record<string, unknown>): Conversion => {
  const conversion = new Conversion();
  const { server, positions, clients, client, scrape_configs: scrapes, target_config, options, ...others } = file;
  const { log_level: level, ...served } = mappingOf(server);
  if (level !== undefined) conversion.setLevel("server.log_level", level);
  if (Object.keys(served).length > 0) conversion.note("not needed", "server", REASONS.admin);
  if (positions !== undefined) conversion.note("not needed", "positions", REASONS.positions);
  if (target_config !== undefined) conversion.note("not needed", "target_config", REASONS.rotation);
  if (options !== undefined) conversion.note("not needed", "options", REASONS.detected);
  for (const [index, entry] of [...listOf(clients), ...listOf(client)].entries()) {
    const labels = mappingOf(mappingOf(entry).external_labels);
    const all: { service?: string; environment?: string } = {};
    takeLabels(conversion, `clients.${index}.external_labels`, all, labels);
    if (all.environment !== undefined) conversion.config.environment = all.environment;
    conversion.note("not needed", `clients.${index}`, REASONS.output);
  }
  for (const [index, scrape] of listOf(scrapes).entries()) convertScrape(conversion, index, mappingOf(scrape));
  for (const name of Object.keys(others)) conversion.note("no equal", name, "obs-agent has nothing like it");
  return conversion;
};
