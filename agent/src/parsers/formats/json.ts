/**
 * JSON lines: pino, bunyan, winston, zap, logrus, ECS, GELF, Serilog, journald, docker and others. The
 * names of their fields are in ../fields.ts; the row pass reads most such lines without this parser,
 * and a test holds the two together.
 */

import { ROLE, ROLE_OF_PATH, type Role } from "../fields.ts";
import { parseJsonLeaves, type Leaf } from "../json-leaves.ts";
import { severityOfLevel, severityOfNumber } from "../severity.ts";
import { ParsedRecord, type LineParser } from "../text/record.ts";
import { TimestampParser } from "../timestamp.ts";
import { readInner } from "./inner.ts";

const MAX_NAME_BYTES = 256;

/** Severity number of a level field's text, -1 when it is none. */
const severityOf = (role: Role, text: string): number => {
  const bytes = Buffer.from(text);
  return role === ROLE.LEVEL ? severityOfLevel(bytes, 0, bytes.length) : severityOfNumber(bytes, 0, bytes.length);
};

const readTime = (record: ParsedRecord, text: string): boolean => {
  const bytes = Buffer.from(text);
  const exact = new TimestampParser(bytes);
  if (!exact.parse(0, bytes.length)) return false;
  record.seconds = exact.seconds;
  record.nanoseconds = exact.nanoseconds;
  record.timestampText = text;
  record.timeExplicitness = 4;
  return true;
};

/** Takes a value as a field of the record; false when it is not of its form. */
const takeField = (record: ParsedRecord, role: Role, text: string): boolean => {
  const name = (field: "service" | "host" | "environment"): boolean => {
    if (Buffer.byteLength(text) > MAX_NAME_BYTES) return false;
    record[field] = text;
    return true;
  };
  switch (role) {
    case ROLE.MESSAGE:
      record.message = text;
      return true;
    case ROLE.TIMESTAMP:
      return readTime(record, text);
    case ROLE.LEVEL:
    case ROLE.SEVERITY_NUMBER: {
      const severity = severityOf(role, text);
      if (severity < 0) return false;
      record.severity = severity;
      record.severityText = text;
      return true;
    }
    case ROLE.SERVICE:
      return name("service");
    case ROLE.HOST:
      return name("host");
    case ROLE.ENVIRONMENT:
      return name("environment");
    case ROLE.TRACE_ID:
      return /^[\da-f]{32}$/i.test(text) && ((record.traceId = text.toLowerCase()), true);
    case ROLE.SPAN_ID:
      return /^[\da-f]{16}$/i.test(text) && ((record.spanId = text.toLowerCase()), true);
    default:
      return false;
  }
};

export const recordOfLeaves = (leaves: readonly Leaf[]): ParsedRecord => {
  const record = new ParsedRecord();
  const taken = new Set<Role>();
  const last = new Map(leaves.map((leaf) => [leaf.path, leaf.text]));
  for (const [path, text] of last) {
    const role = ROLE_OF_PATH.get(path) ?? ROLE.ATTRIBUTE;
    const isTaken = role !== ROLE.ATTRIBUTE && !taken.has(role) && takeField(record, role, text);
    taken.add(role);
    if (!isTaken) record.attributes.set(path, text);
  }
  return record;
};

export const json: LineParser = {
  name: "json",
  description: "JSON objects, nested ones as dotted names: pino, bunyan, winston, zap, logrus, ECS, GELF, Serilog, journald, CloudTrail, MongoDB, docker and others.",
  detect: (line) => /^\s*\{/.test(line),
  parse(line) {
    const leaves = parseJsonLeaves(line);
    return leaves ? recordOfLeaves(leaves) : undefined;
  },
};

/** Whether it is a line of Docker's json-file, whose own line is parsed as well. */
export const isDockerLine = (leaves: readonly Leaf[]): boolean => leaves[0]?.path === "log" && leaves.length <= 4 && leaves.some(({ path, text }) => path === "stream" && (text === "stdout" || text === "stderr"));

/** Docker's json-file: the line that the container wrote, with the runtime's exact time. */
export const createDocker = (inner: readonly LineParser[]): LineParser => ({
  name: "docker_json",
  description: "Docker's json-file logs; the line within is parsed as well.",
  detect: (line) => line.startsWith('{"log":"'),
  parse(line, context) {
    const record = json.parse(line, context);
    const stream = record?.attributes.get("stream");
    if (!record || stream === undefined) return undefined;
    record.attributes.delete("stream");
    record.set("log.iostream", stream);
    readInner(record, record.message.replace(/\r?\n$/, ""), context, inner, true);
    return record;
  },
});
