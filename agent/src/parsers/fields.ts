/** Which field of a JSON line is what on a record. Everything else is an attribute. */

export const ROLE = {
  ATTRIBUTE: 0,
  TIMESTAMP: 1,
  LEVEL: 2,
  SEVERITY_NUMBER: 3,
  SERVICE: 4,
  HOST: 5,
  ENVIRONMENT: 6,
  MESSAGE: 7,
  TRACE_ID: 8,
  SPAN_ID: 9,
} as const;

export type Role = (typeof ROLE)[keyof typeof ROLE];

/** Dotted path to role. The first path of a role in a line has it; later ones stay attributes. */
export const ROLE_OF_PATH: ReadonlyMap<string, Role> = new Map<string, Role>([
  ...["timestamp", "ts", "time", "@timestamp", "@t", "Timestamp", "Time", "t.$date", "eventTime", "instant.epochSecond", "timestamp.seconds", "dt", "datetime", "date", "asctime", "timeMillis", "start_time", "record.time.timestamp", "__REALTIME_TIMESTAMP"].map((path) => [path, ROLE.TIMESTAMP] as const),
  ...["level", "severity", "lvl", "severity_text", "severityText", "log.level", "@l", "Level", "LogLevel", "levelname", "levelName", "loglevel", "log_level", "record.level.name", "error_severity", "s", "PRIORITY"].map((path) => [path, ROLE.LEVEL] as const),
  ...["severity_number", "severityNumber"].map((path) => [path, ROLE.SEVERITY_NUMBER] as const),
  ...["service", "service.name", "serviceName", "SYSLOG_IDENTIFIER"].map((path) => [path, ROLE.SERVICE] as const),
  ...["host", "hostname", "host.name", "_HOSTNAME"].map((path) => [path, ROLE.HOST] as const),
  ...["environment", "env", "deployment.environment", "deployment.environment.name"].map((path) => [path, ROLE.ENVIRONMENT] as const),
  ...["message", "msg", "log", "body", "@m", "@mt", "Message", "RenderedMessage", "short_message", "MESSAGE", "fields.message", "textPayload", "jsonPayload.message", "record.message", "Msg"].map((path) => [path, ROLE.MESSAGE] as const),
  ...["trace_id", "traceId", "trace.id", "TraceId", "@tr"].map((path) => [path, ROLE.TRACE_ID] as const),
  ...["span_id", "spanId", "span.id", "SpanId", "@sp"].map((path) => [path, ROLE.SPAN_ID] as const),
]);
