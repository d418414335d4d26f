/**
 * One entry of the journal, as `journalctl -o json` writes it, as a line with time, level and
 * attributes. A value is text, a list of bytes (what is not printable), null (too long; not with
 * --all), or a list of values where an entry has the field more than once.
 * (systemd.io/JOURNAL_EXPORT_FORMATS, systemd.journal-fields(7))
 */

export interface JournalLine {
  readonly cursor: string;
  readonly service: string;
  readonly host: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** One line, without a newline. */
  readonly bytes: Buffer;
  /** Since 1970; -1 = none. */
  readonly seconds: number;
  readonly nanoseconds: number;
  /** OTel severity number; 0 = none. */
  readonly severity: number;
  readonly pid: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Emergency to debug, as the row pass maps RFC 5424's levels. */
const SEVERITIES = [24, 22, 21, 17, 13, 10, 9, 5];

/** OTel's names of fields; those that are not here and not the journal's own keep theirs, in lower case. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  _PID: "process.pid",
  _EXE: "process.executable.path",
  _COMM: "process.executable.name",
  _UID: "process.user.id",
  _SYSTEMD_UNIT: "systemd.unit",
  _SYSTEMD_USER_UNIT: "systemd.user_unit",
  _TRANSPORT: "journald.transport",
  CODE_FILE: "code.file.path",
  CODE_LINE: "code.line.number",
  CODE_FUNC: "code.function.name",
  CONTAINER_ID_FULL: "container.id",
  CONTAINER_NAME: "container.name",
  IMAGE_NAME: "container.image.name",
};

/** Said elsewhere in the row, or by a longer field. */
const LEFT_OUT = new Set(["MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "SYSLOG_TIMESTAMP", "SYSLOG_RAW", "SYSLOG_PID", "CONTAINER_ID", "CONTAINER_TAG", "CONTAINER_LOG_EPOCH", "CONTAINER_LOG_ORDINAL"]);

const NEWLINE = 10;
const US_PER_SECOND = 1_000_000;

/** A value as bytes: the bytes themselves, text in UTF-8; of several values the first. */
const bytesOf = (value: unknown): Buffer | undefined => {
  if (typeof value === "string") return Buffer.from(value);
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.every((byte) => typeof byte === "number") ? Buffer.from(value as number[]) : bytesOf(value[0]);
};

const textOf = (value: unknown): string => (typeof value === "string" ? value : (bytesOf(value)?.toString() ?? ""));

/** A message of several lines stays one row: as a JSON object it is one line. */
const onOneLine = (message: Buffer): Buffer => (message.includes(NEWLINE) ? Buffer.from(JSON.stringify({ message: message.toString() })) : message);

const attributesOf = (fields: Fields): Record<string, string> => {
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    const known = ATTRIBUTES[name];
    if (known === undefined && (name.startsWith("_") || LEFT_OUT.has(name))) continue;
    const text = textOf(value);
    if (text !== "") attributes[known ?? name.toLowerCase()] = text;
  }
  return attributes;
};

/** Undefined when the line is none of journalctl's entries. */
export const readEntry = (line: string): JournalLine | undefined => {
  let fields: Fields;
  try {
    fields = JSON.parse(line) as Fields;
  } catch {
    return undefined;
  }
  const cursor = fields?.__CURSOR;
  if (typeof cursor !== "string") return undefined;
  const us = Number(textOf(fields._SOURCE_REALTIME_TIMESTAMP) || textOf(fields.__REALTIME_TIMESTAMP) || NaN);
  const hasTime = Number.isSafeInteger(us) && us >= 0;
  const unit = textOf(fields._SYSTEMD_UNIT).replace(/\.service$/, "");
  return {
    cursor,
    service: textOf(fields.SYSLOG_IDENTIFIER) || unit || textOf(fields._COMM) || "journald",
    host: textOf(fields._HOSTNAME),
    attributes: attributesOf(fields),
    bytes: onOneLine(bytesOf(fields.MESSAGE) ?? Buffer.alloc(0)),
    seconds: hasTime ? Math.floor(us / US_PER_SECOND) : -1,
    nanoseconds: hasTime ? (us % US_PER_SECOND) * 1_000 : 0,
    severity: SEVERITIES[Number(textOf(fields.PRIORITY) || NaN)] ?? 0,
    pid: textOf(fields._PID),
  };
};
