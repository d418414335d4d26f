/**
 * What a configuration of another agent becomes: ours, and a finding for each thing that it said.
 * Nothing is passed over in silence: an option is taken over, not needed here, or has no equal.
 */

export type Kind = "taken over" | "not needed" | "no equal";

export interface Finding {
  readonly kind: Kind;
  /** Where it stands in the other configuration, such as `sources.app.include`. */
  readonly where: string;
  readonly message: string;
}

export interface FileGroup {
  include: string[];
  exclude?: string[];
  read_from?: string;
  service?: string;
  environment?: string;
  /** As in config/schema.ts; made by multiline.ts. */
  multiline?: Readonly<Record<string, unknown>>;
}

/** Ours, as far as others can ask for it. */
export interface Converted {
  host?: string;
  environment?: string;
  log?: { level: string };
  files: FileGroup[];
  host_metrics: { enabled: boolean; interval?: string };
}

export type Options = Readonly<Record<string, unknown>>;
/** Text: why the option is not needed here. A function takes it over, or returns why there is no equal. */
export type Rule<Target> = string | ((target: Target, value: unknown) => string | void);

export const NO_SUCH_OPTION = "obs-agent has nothing like it";

export class Conversion {
  readonly config: Converted = { files: [], host_metrics: { enabled: false } };
  readonly findings: Finding[] = [];

  note(kind: Kind, where: string, message: string): void {
    this.findings.push({ kind, where, message });
  }

  /** Goes through all options; those without a rule have no equal. */
  apply<Target>(where: string, options: Options, rules: Readonly<Record<string, Rule<Target>>>, target: Target): void {
    for (const [name, value] of Object.entries(options)) {
      const rule = Object.hasOwn(rules, name) ? rules[name]! : () => NO_SUCH_OPTION;
      const path = `${where}.${name}`;
      if (typeof rule === "string") this.note("not needed", path, rule);
      else {
        const fault = rule(target, value);
        if (fault !== undefined) this.note("no equal", path, fault);
      }
    }
  }

  addFiles(where: string, group: FileGroup): void {
    if (group.include.length === 0) return this.note("no equal", where, "it names no files");
    this.config.files.push(group);
    this.note("taken over", where, `files, group ${this.config.files.length}`);
  }

  addHostMetrics(where: string, interval?: string): void {
    const { host_metrics } = this.config;
    host_metrics.enabled = true;
    if (interval !== undefined) host_metrics.interval = interval;
    this.note("taken over", where, "host_metrics, under OpenTelemetry's names");
  }

  setLevel(where: string, level: unknown): void {
    const known = LEVELS[String(level).toLowerCase()];
    if (known === undefined) return this.note("no equal", where, `obs-agent has no log level ${JSON.stringify(level)}`);
    this.config.log = { level: known };
    this.note("taken over", where, "log.level");
  }
}

export const excludeFrom = (group: FileGroup, value: unknown): void => {
  const patterns = exclusions(value);
  if (patterns.length > 0) group.exclude = [...(group.exclude ?? []), ...patterns];
};

const LEVELS: Readonly<Record<string, string>> = { trace: "debug", debug: "debug", info: "info", notice: "info", warn: "warn", warning: "warn", error: "error", err: "error", critical: "error", fatal: "error", off: "error" };

export const isMapping = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
export const mappingOf = (value: unknown): Record<string, unknown> => (isMapping(value) ? value : {});
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]);
export const textsOf = (value: unknown): string[] => listOf(value).map(String);
export const isOn = (value: unknown): boolean => /^(true|on|yes|1)$/i.test(String(value));

/** Variables as ours: `${NAME:default}` of Filebeat and bare `$NAME` become `${NAME:-default}` and `${NAME}`; other dollars are escaped. */
export const ourVariables = (text: string): string =>
  text.replace(/\$\{([A-Za-z_]\w*)(?::(-|\?)?([^}]*))?\}|\$\$|\$([A-Za-z_]\w*)|\$/g, (_whole, name: string | undefined, form: string | undefined, rest: string | undefined, bare: string | undefined) => {
    if (name !== undefined) return rest === undefined ? `\${${name}}` : `\${${name}:${form ?? "-"}${rest}}`;
    return bare === undefined ? "$$" : `\${${bare}}`;
  });

/** Theirs match anywhere in a path, and compressed files are always left out here. */
const exclusions = (value: unknown): string[] =>
  globs(value).flatMap((glob) => (/^(\*\*\/)?\*?\.(gz|zip|bz2|xz|zst|lz4)$/.test(glob) ? [] : /^(\/|\*\*|\$)/.test(glob) ? [glob] : [`**/${glob}`]));

export const globs = (value: unknown): string[] => textsOf(value).map(ourVariables);

/** A label or field that says which service or environment rows belong to. */
export const takeLabel = (group: { service?: string; environment?: string }, name: string, value: unknown): boolean => {
  if (typeof value === "object" || value === null) return false;
  if (/^(service|service[._]name|job|app|application)$/i.test(name)) group.service ??= ourVariables(String(value));
  else if (/^(env|environment|deployment[._]environment([._]name)?)$/i.test(name)) group.environment ??= ourVariables(String(value));
  else return false;
  return true;
};

/** Every label of a mapping; those that are neither service nor environment have no equal. */
export const takeLabels = (conversion: Conversion, where: string, group: { service?: string; environment?: string }, labels: unknown): void => {
  for (const [name, value] of Object.entries(mappingOf(labels)))
    if (takeLabel(group, name, value)) conversion.note("taken over", `${where}.${name}`, /^env|^deployment/i.test(name) ? "environment" : "service");
    else conversion.note("no equal", `${where}.${name}`, "rows carry service, host, environment and what is in their lines; there are no further fixed fields");
};

export const seconds = (value: unknown): string | undefined => (/^\d+(\.\d+)?$/.test(String(value)) ? `${String(value)}s` : /^\d+(\.\d+)?(ms|s|m|h|d)$/.test(String(value)) ? String(value) : undefined);

/** Why so much of other configurations is not needed. */
export const REASONS = {
  positions: "positions are kept in the disk buffer, in the same write as the lines",
  detected: "formats, timestamps and levels are detected per stream: no parser has to be named",
  ownFormat: "fields of a format of one's own are not taken apart: the line is the message",
  output: "rows go to the backend at OBS_ENDPOINT, with OBS_API_KEY",
  buffer: "one disk buffer serves all (buffer.max_size)",
  rotation: "rotation, new files and open files need no tuning",
  longLines: "lines are cut at 1 MiB and counted",

  path: "every row carries log.file.path",
  host: "host is on every row, service comes from the path",
  admin: "health and metrics are served at admin.listen",
} as const;

export const noSource = (what: string): string => `obs-agent has no source for ${what} in this version`;
export const noStage = (what: string): string => `${what} has no equal: lines are shipped as they are, masked`;
