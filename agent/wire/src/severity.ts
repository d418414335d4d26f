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
