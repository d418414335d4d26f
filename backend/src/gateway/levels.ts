/** Levels as people post them: names and aliases of the usual loggers, or pino's numbers. */

import { SEVERITY } from "@obs/wire";

const BY_NAME: Readonly<Record<string, number>> = {
  trace: SEVERITY.TRACE,
  verbose: SEVERITY.TRACE,
  finest: SEVERITY.TRACE,
  debug: SEVERITY.DEBUG,
  dbg: SEVERITY.DEBUG,
  fine: SEVERITY.DEBUG,
  info: SEVERITY.INFO,
  information: SEVERITY.INFO,
  informational: SEVERITY.INFO,
  notice: SEVERITY.INFO + 1,
  warn: SEVERITY.WARN,
  warning: SEVERITY.WARN,
  error: SEVERITY.ERROR,
  err: SEVERITY.ERROR,
  severe: SEVERITY.ERROR,
  critical: SEVERITY.ERROR + 1,
  crit: SEVERITY.ERROR + 1,
  alert: SEVERITY.ERROR + 2,
  fatal: SEVERITY.FATAL,
  panic: SEVERITY.FATAL,
  emergency: SEVERITY.FATAL,
  emerg: SEVERITY.FATAL,
};

const BY_PINO_NUMBER: Readonly<Record<number, number>> = {
  10: SEVERITY.TRACE,
  20: SEVERITY.DEBUG,
  30: SEVERITY.INFO,
  40: SEVERITY.WARN,
  50: SEVERITY.ERROR,
  60: SEVERITY.FATAL,
};

/** Severity number, or undefined for a level that nobody told us of. */
export const severityOf = (level: unknown): number | undefined => {
  if (typeof level === "number") return BY_PINO_NUMBER[level];
  if (typeof level !== "string") return undefined;
  const name = level.trim().toLowerCase();
  return Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
};
