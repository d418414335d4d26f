/**
 * Levels as people post them: names and aliases of the usual loggers, pino's numbers, syslog's.
 * The words are @obs/wire's; that the answers are those of the agent's row pass, a test compares.
 */

import { LEVEL_WORDS, SEVERITY, SYSLOG_SEVERITIES } from "@obs/wire";

const byNumber = (level: number): number | undefined => {
  if (level >= 10 && level < 70) return SEVERITY.TRACE + 4 * (Math.floor(level / 10) - 1);
  return SYSLOG_SEVERITIES[level];
};

/** Severity number, or undefined for a level that nobody told us of. */
export const severityOf = (level: unknown): number | undefined => {
  if (typeof level === "number") return byNumber(level);
  if (typeof level !== "string") return undefined;
  const name = level.trim().toLowerCase();
  if (/^[0-9]{1,2}$/.test(name)) return byNumber(Number(name));
  return Object.hasOwn(LEVEL_WORDS, name) ? LEVEL_WORDS[name] : undefined;
};
