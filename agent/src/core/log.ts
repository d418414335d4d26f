/**
 * The agent's own log: lines to stderr, as text for people and as JSON lines for machines. Never a
 * line of somebody's data and never a secret: callers pass facts by name, and names that hold
 * secrets are blotted out here once more.
 */

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: "json" | "text";
  readonly write: (line: string) => void;
  readonly now?: () => Date;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
const SECRET_NAME = /key|token|secret|password|authorization/i;

const plain = (name: string, value: unknown): unknown => {
  if (SECRET_NAME.test(name)) return "[redacted]";
  if (value instanceof Error) return value.message;
  return typeof value === "bigint" ? String(value) : value;
};

const asText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value)) ?? "undefined";

const formatText = (time: Date, level: LogLevel, message: string, fields: LogFields): string => {
  let line = `${time.toISOString()} ${level.padEnd(5)} ${message}`;
  for (const [name, value] of Object.entries(fields)) line += ` ${name}=${asText(plain(name, value))}`;
  return `${line.replaceAll("\n", "\\n")}\n`;
};

const formatJson = (time: Date, level: LogLevel, message: string, fields: LogFields): string => {
  const known = Object.entries(fields).map(([name, value]) => [name, plain(name, value)]);
  return `${JSON.stringify({ time: time.toISOString(), level, message, ...Object.fromEntries(known) })}\n`;
};

export const createLog = ({ level, format, write, now = () => new Date() }: LogOptions): Log => {
  const compose = format === "json" ? formatJson : formatText;
  const emit = (of: LogLevel) =>
    RANK[of] < RANK[level] ? () => {} : (message: string, fields: LogFields = {}) => write(compose(now(), of, message, fields));
  return { debug: emit("debug"), info: emit("info"), warn: emit("warn"), error: emit("error") };
};

/** The same log, with these fields on every line. */
export const withFields = (log: Log, fields: LogFields): Log => {
  const emit = (level: LogLevel) => (message: string, more?: LogFields) => log[level](message, { ...fields, ...more });
  return { debug: emit("debug"), info: emit("info"), warn: emit("warn"), error: emit("error") };
};

/** Lines kept for `obs-agent support-bundle`. */
const RECENT_LINES = 500;

/** A log whose level and format can change while everyone holds it, and that remembers its last lines. */
export class AgentLog implements Log {
  readonly #recent: string[] = [];
  #write: (line: string) => void = () => {};
  #log: Log = silentLog;

  constructor(options: LogOptions) {
    this.configure(options);
  }

  configure(options: LogOptions): void {
    this.#write = options.write;
    this.#log = createLog({ ...options, write: (line) => this.#keep(line) });
  }

  recent(): readonly string[] {
    return this.#recent;
  }

  // Like those of createLog, they may be taken off it and called alone.
  readonly debug = (message: string, fields?: LogFields): void => this.#log.debug(message, fields);
  readonly info = (message: string, fields?: LogFields): void => this.#log.info(message, fields);
  readonly warn = (message: string, fields?: LogFields): void => this.#log.warn(message, fields);
  readonly error = (message: string, fields?: LogFields): void => this.#log.error(message, fields);

  #keep(line: string): void {
    if (this.#recent.push(line) > RECENT_LINES) this.#recent.shift();
    this.#write(line);
  }
}

/** For parts run without anyone to read: libraries and tests. */
export const silentLog: Log = createLog({ level: "error", format: "text", write: () => {} });
