/**
 * Severity numbers 1-24 and their names (OpenTelemetry log data model, "Field: SeverityNumber").
 * 0 is "unspecified".
 */

export const SEVERITY = { UNSPECIFIED: 0, TRACE: 1, DEBUG: 5, INFO: 9, WARN: 13, ERROR: 17, FATAL: 21 } as const;

export const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] as const;
export type Level = (typeof LEVELS)[number];

/** Level of a severity number; "" for 0 and anything outside 1-24. */
export const levelOf = (severity: number): Level | "" =>
  severity >= 1 && severity <= 24 ? LEVELS[(severity - 1) >> 2]! : "";

/** Words of the usual loggers, in lower case. */
export const LEVEL_WORDS: Readonly<Record<string, number>> = {
  trace: SEVERITY.TRACE,
  trc: SEVERITY.TRACE,
  verbose: SEVERITY.TRACE,
  finest: SEVERITY.TRACE,
  finer: SEVERITY.TRACE,
  silly: SEVERITY.TRACE,
  debug: SEVERITY.DEBUG,
  dbg: SEVERITY.DEBUG,
  dbug: SEVERITY.DEBUG,
  fine: SEVERITY.DEBUG,
  info: SEVERITY.INFO,
  inf: SEVERITY.INFO,
  information: SEVERITY.INFO,
  informational: SEVERITY.INFO,
  log: SEVERITY.INFO,
  config: SEVERITY.INFO,
  notice: SEVERITY.INFO + 1,
  warn: SEVERITY.WARN,
  wrn: SEVERITY.WARN,
  warning: SEVERITY.WARN,
  error: SEVERITY.ERROR,
  err: SEVERITY.ERROR,
  severe: SEVERITY.ERROR,
  eror: SEVERITY.ERROR,
  critical: SEVERITY.FATAL,
  crit: SEVERITY.FATAL,
  alert: SEVERITY.FATAL + 1,
  fatal: SEVERITY.FATAL,
  ftl: SEVERITY.FATAL,
  panic: SEVERITY.FATAL + 2,
  dpanic: SEVERITY.FATAL + 2,
  emerg: SEVERITY.FATAL + 3,
  emergency: SEVERITY.FATAL + 3,
};

/** 0-7 as RFC 5424 has them (GELF and journald send these). */
export const SYSLOG_SEVERITIES = [24, 22, 21, 17, 13, 10, 9, 5];
