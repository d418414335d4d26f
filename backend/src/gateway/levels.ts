/**
 * Levels as people post them: names and aliases of the usual loggers, pino's numbers, syslog's.
 * The same answers as the agent's row pass gives (agent/src/parsers/severity.ts); a test compares.
 */

import { SEVERITY } from "@obs/wire";

const BY_NAME: Readonly<Record<string, number>> = {
  trace: SEVERITY.TRACE,
  trc: SEVERITY.TRACE,
  verbose: SEVERITY.TRACE,
  finest: SEVERITY.TRACE,
  debug: SEVERITY.DEBUG,
  dbg: SEVERITY.DEBUG,
  fine: SEVERITY.DEBUG,
  info: SEVERITY.INFO,
  inf: SEVERITY.INFO,
  information: SEVERITY.INFO,
  informational: SEVERITY.INFO,
  notice: SEVERITY.INFO + 1,
  warn: SEVERITY.WARN,
  wrn: SEVERITY.WARN,
  warning: SEVERITY.WARN,
  error: SEVERITY.ERROR,
  err: SEVERITY.ERROR,
  severe: SEVERITY.ERROR,
  critical: SEVERITY.FATAL,
  crit: SEVERITY.FATAL,
  alert: SEVERITY.FATAL + 1,
  fatal: SEVERITY.FATAL,
  panic: SEVERITY.FATAL + 2,
  emerg: SEVERITY.FATAL + 3,
  emergency: SEVERITY.FATAL + 3,
};

export const LEVEL_NAMES = Object.keys(BY_NAME);

/** 0-7 as RFC 5424 has them. */
const SYSLOG = [24, 22, 21, 17, 13, 10, 9, 5];

const byNumber = (level: number): number | undefined => {
  if (level >= 10 && level < 70) return SEVERITY.TRACE + 4 * (Math.floor(level / 10) - 1);
  return SYSLOG[level];
};

/** Severity number, or undefined for a level that nobody told us of. */
export const severityOf = (level: unknown): number | undefined => {
  if (typeof level === "number") return byNumber(level);
  if (typeof level !== "string") return undefined;
  const name = level.trim().toLowerCase();
  if (/^[0-9]{1,2}$/.test(name)) return byNumber(Number(name));
  return Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
};
