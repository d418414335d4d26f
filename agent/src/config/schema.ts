/**
 * The configuration file: one definition per option gives its type, default, check, description,
 * the JSON Schema for editors and agent/docs/config.md. Names are those in the file.
 */

import { RE2JS } from "re2js";
import { z } from "../core/zod.ts";
import { dockerSchema, journaldSchema, kubernetesSchema } from "./collected-logs.ts";
import { execSchema, fluentForwardSchema, httpSchema, syslogSchema } from "./listeners.ts";
import { otlpSchema, prometheusSchema, statsdSchema } from "./metric-sources.ts";
import { count, duration, flag, httpUrl, listenAddress, readFrom, size } from "./option-types.ts";
import { PARSER_TYPES, type LineFormat } from "../core/line-format.ts";
import { outputsSchema, tlsSchema } from "./outputs.ts";
import { pluginsSchema, transformsSchema } from "./plugins.ts";
import { isTimezone, problemOfPattern } from "./patterns.ts";

/** Files that a Linux host usually has; what cannot be read is named, what is not there is not missed. */
export const USUAL_FILES = ["/var/log/**/*.log", "/var/log/syslog", "/var/log/messages", "/var/log/secure", "/var/log/maillog", "/var/log/cron"];
/** Logs of obs itself would feed on themselves. */
export const OWN_FILES = ["/var/log/obs-agent/**", "/var/log/obs-agent*"];

/** A regular expression of the linear-time engine (RE2). */
const regex = z
  .string()
  .min(1)
  .meta({ format: "regular expression" })
  .superRefine((pattern, context) => {
    try {
      RE2JS.compile(pattern);
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
    }
  });

const multilineOptions = z.strictObject({
  start: regex.optional().describe("A line that matches begins a record; every other line continues the one above it."),
  continuation: regex.optional().describe("A line that matches continues the record above it (unless it matches `start`); any other begins one."),
  end: regex.optional().describe("A line that matches is the last of its record."),
  linger: duration("1ms").prefault("1s").describe("A record to which lines may still belong is released after this long without any."),
  max_lines: count(1, 100_000).prefault(2000).describe("A record with this many lines takes no more."),
  max_size: size("1KB").prefault("512KB").describe("A record of this size takes no more lines."),
});

const multiline = z
  .union([
    z.enum(["auto", "off"]).transform((mode) => (mode === "off" ? undefined : multilineOptions.parse({}))),
    multilineOptions,
  ], { error: "expected auto, off or a mapping" })
  .prefault("auto")
  .describe("How lines are joined to records. `auto`: stack traces (Java, Python, Node, Go, .NET, Ruby, PHP, Rust, Dart) and indented lines are recognised. `off`: each line is a record. A mapping gives regular expressions (RE2); without any of the three, records are recognised as with `auto`.");

const timezone = z.string().refine(isTimezone, { message: "expected the name of a time zone, such as Europe/Berlin" });

const parser = z
  .strictObject({
    type: z.enum(PARSER_TYPES).prefault("auto").describe("`auto` detects the format of every file, and again when it changes; `regex` and `grok` take a `pattern`, `custom` takes a `file`; else the one format to expect: a line of another is kept as text."),
    pattern: z.string().min(1).optional().describe("Of `regex`: RE2 syntax with named groups, `(?<message>.*)`. Of `grok`: `%{PATTERN:field}`. Groups named like fields of JSON logs (`timestamp`, `level`, `message`, `service`, `trace_id`) are these; others become attributes."),
    definitions: z.record(z.string(), z.string()).optional().describe("Own patterns by their names, for `grok`."),
    file: z.string().min(1).optional().describe("Of `custom`: a module (`.ts`, `.mjs`, `.js`) whose default export makes fields of a line (`obs-agent/plugin`). It and the folders above it must belong to root or the agent's user, and nobody else may write there."),
    timezone: timezone.optional().describe("Zone of times that do not name one, such as `Europe/Berlin`; that of this process by default."),
  })
  .superRefine((value, context) => {
    const problem = problemOfPattern(value);
    if (problem) context.addIssue({ code: "custom", path: [problem.option], message: problem.message });
  });

const files = z.strictObject({
  include: z.array(z.string().min(1)).min(1).describe("Globs of the files to follow."),
  exclude: z.array(z.string().min(1)).prefault([]).describe("Globs of files to leave out."),
  read_from: readFrom.prefault("10m").describe("Where files found at the very first start are begun: `beginning`, `end`, or an age. A file changed within that age is read whole up to 1 MiB, else its last 1 MiB; an older one from its end. Files that appear later are read from the beginning."),
  encoding: z.enum(["auto", "utf-8", "utf-16le", "utf-16be", "latin1"]).prefault("auto").describe("Encoding of the files. `auto`: UTF-16 when a file begins with its byte order mark, else UTF-8."),
  service: z.string().min(1).optional().describe("Service of its rows; without it the path names it (`/var/log/nginx/access.log`: nginx)."),
  environment: z.string().optional().describe("Environment of its rows, in place of the one for all."),
  multiline,
  parser: parser.optional().describe("How its lines are parsed. Without it, as `type: auto`."),
  transforms: transformsSchema,
});

/** Kinds of sources, as policies name them. */
export const SOURCE_CLASSES = ["file", "journald", "docker", "kubernetes", "stdin", "syslog", "http", "fluent_forward", "exec", "host_metrics", "statsd", "prometheus", "otlp", "plugin"] as const;
export type SourceClass = (typeof SOURCE_CLASSES)[number];

const whenFull = (name: string) => z.enum(["push_back", "drop_oldest", "drop_newest"]).prefault("push_back").describe(`Policy of \`${name}\`.`);

const DETECTORS = ["email", "card", "ssn", "key"] as const;

export const configSchema = z.strictObject({
  endpoint: httpUrl.optional().describe("Address of the backend, such as `https://obs.example.com`. Environment: `OBS_ENDPOINT`."),
  api_key: z.string().min(1).optional().describe("API key with the scope `ingest`. Environment: `OBS_API_KEY`."),
  api_key_file: z.string().min(1).optional().describe("File that holds the API key, in place of `api_key`."),
  tls: tlsSchema,
  outputs: outputsSchema,
  data_dir: z.string().min(1).optional().describe("Folder of the disk buffer: `/var/lib/obs-agent` for root, else `~/.local/state/obs-agent`. Environment: `OBS_AGENT_DATA_DIR`."),
  host: z.string().min(1).optional().describe("Name of this host on rows that do not name one; the system's host name by default."),
  environment: z.string().prefault("").describe("Environment of rows that do not name one, such as `production`."),
  log: z
    .strictObject({
      level: z.enum(["debug", "info", "warn", "error"]).prefault("info").describe("Least severe line of the agent's own log, which goes to stderr."),
      format: z.enum(["auto", "text", "json"]).prefault("auto").describe("`auto`: text on a terminal, else JSON lines."),
    })
    .prefault({})
    .describe("The agent's own log."),
  files: z.array(files).prefault([{ include: USUAL_FILES, exclude: OWN_FILES }]).describe("Files to follow, in groups with their own options. Let every file match one group only: one that matches two is shipped twice. An empty list follows none."),
  workers: count(1, 64).prefault(1).describe("Threads that make rows of the lines of `files`, each of a part of the files: parse, mask, encode, compress. `1`: the main thread does it. More take some 35 MB each, and a little more CPU for the same lines; they help where one core cannot keep up. A file and its rotated ones are one thread's."),
  journald: journaldSchema,
  docker: dockerSchema,
  kubernetes: kubernetesSchema,
  host_metrics: z
    .strictObject({
      enabled: flag().prefault(true).describe("Whether CPU, load, memory, disk, filesystem and network of this host are read."),
      interval: duration("1s").prefault("10s").describe("Time between two readings."),
      names: z.enum(["otel", "node_exporter"]).prefault("otel").describe("Whose names the metrics have: OpenTelemetry's, or those of Prometheus' node_exporter."),
      per_cpu: flag().prefault(false).describe("Whether the time of each processor is told too (`system.cpu.time`); node_exporter's names always tell it."),
    })
    .prefault({})
    .describe("Metrics of this host."),
  syslog: z.array(syslogSchema).prefault([]).describe("Syslog listeners (RFC 5424 and RFC 3164)."),
  http: z.array(httpSchema).prefault([]).describe("HTTP listeners that take JSON and plain lines."),
  fluent_forward: z.array(fluentForwardSchema).prefault([]).describe("Listeners for the forward protocol of Fluentd and Fluent Bit."),
  exec: z.array(execSchema).prefault([]).describe("Commands to run, whose output lines are shipped."),
  statsd: statsdSchema,
  prometheus: prometheusSchema,
  otlp: otlpSchema,
  plugins: pluginsSchema,
  mask: z
    .strictObject({
      enabled: flag().prefault(true).describe("Whether personal data is masked in messages and attributes."),
      detectors: z.array(z.enum(DETECTORS)).prefault([...DETECTORS]).describe("What is masked: e-mail addresses, card numbers, US social security numbers, API keys."),
    })
    .prefault({})
    .describe("Masking, before anything is written to disk or sent."),
  batch: z
    .strictObject({
      max_rows: count(1, 65_536).prefault(16384).describe("A batch with this many rows is sealed."),
      linger: duration("1ms").prefault("300ms").describe("A batch is sealed this long after its first row."),
    })
    .prefault({})
    .describe("When a batch is sealed and becomes durable."),
  buffer: z
    .strictObject({
      max_size: size("1MB").prefault("1GB").describe("Budget of the disk buffer. What happens when it is used up: `buffer.when_full`."),
      max_age: duration("0s").prefault("0s").describe("Batches that have waited longer are dropped, and counted as `expired`, but for those that may be stored already. `0s`: no limit."),
      when_full: z
        .strictObject(Object.fromEntries(SOURCE_CLASSES.map((name) => [name, whenFull(name)])) as Record<SourceClass, ReturnType<typeof whenFull>>)
        .prefault({})
        .describe("By kind of source, what happens to its rows when the budget is used up. `push_back`: the source waits, which loses nothing that can be read later. `drop_oldest`: the oldest batches of sources with this policy make room. `drop_newest`: the new batch is not kept. What is dropped is counted as `buffer_full`; a batch that may be stored already is never dropped."),
      key_file: z.string().min(1).optional().describe("File with a key of 32 bytes, raw, in hex or in base64 (`openssl rand -hex 32`). With it, all rows, their descriptions and positions are encrypted on disk (AES-256-GCM). A buffer that is encrypted cannot be opened without it."),
      dead_letter_max_size: size("0B").prefault("64MB").describe("Bytes of batches kept that the backend will never take; the oldest go first."),
      keep_acknowledged: duration("0s").prefault("2m").describe("How long acknowledged batches are kept, in case the store starts anew without them. They take up to a quarter of the budget. `0s`: not at all."),
    })
    .prefault({})
    .describe("The disk buffer."),
  send: z
    .strictObject({
      max_in_flight: count(1, 64).prefault(4).describe("Batches under way at one time."),
      timeout: duration("1s").prefault("120s").describe("Longest wait for one answer."),
      retry_first: duration("1ms").prefault("200ms").describe("Bound of the first random delay after a failure; it doubles with each."),
      retry_longest: duration("1ms").prefault("10s").describe("Highest bound of that delay."),
    })
    .prefault({})
    .describe("Delivery to the backend."),
  fields: z
    .strictObject({
      report_interval: duration("0s").prefault("5m").describe("How often the backend is told which fields the logs have (names, types, shares, a masked example of each), when that has changed. `0s`: never."),
    })
    .prefault({})
    .describe("The census of fields, which `obs-agent fields` shows."),
  admin: z
    .strictObject({
      enabled: flag().prefault(true).describe("Whether `/healthz`, `/livez`, `/readyz` and `/metrics` are served."),
      listen: listenAddress.prefault("127.0.0.1:8686").describe("Address to serve them at. Environment: `OBS_AGENT_LISTEN` (`off`: not at all)."),
    })
    .prefault({})
    .describe("Health and metrics of the agent itself."),
});

type Parsed = z.output<typeof configSchema>;

/** A parser of the user's own is loaded where the configuration is resolved (load-plugins.ts). */
export interface ConfigFile extends Omit<Parsed, "files"> {
  readonly files: readonly (Omit<Parsed["files"][number], "parser"> & { readonly parser?: LineFormat | undefined })[];
}
