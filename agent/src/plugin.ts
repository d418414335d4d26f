/**
 * What a user's own code may bring: parsers, transforms and sources. docs/plugins.md tells how they are used.
 *
 *     import { defineSource } from "obs-agent/plugin";
 *
 * A parser is the default export of a module that a group of files names:
 *
 *     files:
 *       - include: [/var/log/legacy/*.log]
 *         parser: { type: custom, file: /etc/obs-agent/legacy.ts }
 *
 * Node strips the types of a `.ts` file; `.mjs` and `.js` work as well.
 */

/**
 * Fields of a record. `timestamp` (text, a Date, or a number since 1970), `level`, `message`, `service`,
 * `host`, `trace_id` and the other names that fields of JSON logs have become what they are there; every other
 * field is an attribute, nested ones with dotted names, lists as JSON. null and undefined are left out.
 */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Makes fields of one line, without its line end. undefined: the line is not of this format, and is kept as
 * text. It runs on the agent's own thread, once per line, so it should take microseconds and must not
 * wait for anything; what it throws is counted and logged, and the line is kept as text. Lines come masked of
 * what could be taken apart (addresses, long numbers); what it gives back is masked again.
 */
export type LineParserFunction = (line: string) => Fields | undefined | null;

/** Gives a parser its type: `export default defineParser((line) => ...)`. */
export const defineParser = (parse: LineParserFunction): LineParserFunction => parse;

/** A record of a log on its way, as a transform sees it. What it gives back is masked like everything else. */
export interface LogRecord {
  /** ms since 1970, to 2262; undefined where the line does not say. */
  timestamp: number | undefined;
  /** OpenTelemetry's number, 1 to 24; 0 where the line does not say. */
  severity: number;
  message: string;
  /** "" where the line does not say. */
  service: string;
  host: string;
  environment: string;
  /** 32 and 16 hex digits, or "". */
  traceId: string;
  spanId: string;
  attributes: Record<string, string>;
}

/**
 * Changes a record, or drops it (undefined or null), which is counted as `filtered`. The record is the
 * transform's own: it may change it and give it back. It runs on the agent's thread, once per record, and must
 * not wait for anything; at what it throws the record goes on as it was.
 */
export type TransformFunction = (record: LogRecord) => LogRecord | undefined | null;

/** Is called with the configured `options` when the configuration is loaded; what it throws is reported there. */
export type TransformFactory = (options: unknown) => TransformFunction;

/** Gives a transform its type: `export default defineTransform((options) => (record) => ...)`. */
export const defineTransform = (create: TransformFactory): TransformFactory => create;

/** The agent's log: lines of this plugin, under its name. Neither data nor secrets belong into it. */
export interface PluginLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface SourceContext<Options> {
  readonly options: Options;
  /** Aborts when the source is to end: `run` should return soon then. */
  readonly signal: AbortSignal;
  readonly log: PluginLog;
  /** What was stored with the last records that became durable, also by an earlier process; undefined at first. */
  readonly position: string | undefined;
  /**
   * Takes records and resolves once they are on the disk, together with `position`, in one atomic write: who
   * goes on from `position` after a restart neither loses nor repeats one. Waits while the agent has no room,
   * so a source that awaits each call is slowed down like any other. Several calls may be under way; their
   * order stays. Rejects when the source is ending, and nothing of that call was taken then.
   */
  emit(records: readonly Fields[], position?: string): Promise<void>;
}

export interface SourcePlugin<Options = unknown> {
  /** Checks the configured `options` when the configuration is loaded; what it throws is reported there. */
  readonly parseOptions?: (options: unknown) => Options;
  /**
   * Reads until `signal` aborts. When it throws it is run again, at growing distances up to 30 s, from the
   * `position` that is durable; when it returns earlier, the source has ended.
   */
  readonly run: (context: SourceContext<Options>) => Promise<void>;
}

/** Gives a source its type: `export default defineSource({ parseOptions, run })`. */
export const defineSource = <Options>(plugin: SourcePlugin<Options>): SourcePlugin<Options> => plugin;
