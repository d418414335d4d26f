/** Levels as text logs write them: words, their short forms, and single letters where those are usual. */

import { SEVERITY } from "@obs/wire";

const WORDS = new Map<string, number>(
  Object.entries({
    trace: SEVERITY.TRACE, trc: SEVERITY.TRACE, trce: SEVERITY.TRACE, trac: SEVERITY.TRACE, blat: SEVERITY.TRACE, verbose: SEVERITY.TRACE, vrb: SEVERITY.TRACE, finest: SEVERITY.TRACE, finer: SEVERITY.TRACE, silly: SEVERITY.TRACE,
    debug: SEVERITY.DEBUG, dbg: SEVERITY.DEBUG, dbug: SEVERITY.DEBUG, debu: SEVERITY.DEBUG, debg: SEVERITY.DEBUG, ddebug: SEVERITY.DEBUG, subdebug: SEVERITY.DEBUG, fine: SEVERITY.DEBUG, debug1: SEVERITY.DEBUG, debug2: SEVERITY.DEBUG, debug3: SEVERITY.DEBUG, debug4: SEVERITY.DEBUG, debug5: SEVERITY.DEBUG,
    info: SEVERITY.INFO, inf: SEVERITY.INFO, information: SEVERITY.INFO, informational: SEVERITY.INFO, config: SEVERITY.INFO, log: SEVERITY.INFO, http: SEVERITY.INFO, success: SEVERITY.INFO,
    notice: SEVERITY.INFO + 1, note: SEVERITY.INFO + 1, noti: SEVERITY.INFO + 1,
    warn: SEVERITY.WARN, wrn: SEVERITY.WARN, warning: SEVERITY.WARN,
    error: SEVERITY.ERROR, err: SEVERITY.ERROR, eror: SEVERITY.ERROR, erro: SEVERITY.ERROR, severe: SEVERITY.ERROR, fail: SEVERITY.ERROR, failure: SEVERITY.ERROR,
    critical: SEVERITY.FATAL, crit: SEVERITY.FATAL, alert: SEVERITY.FATAL + 1, fatal: SEVERITY.FATAL, ftl: SEVERITY.FATAL, fata: SEVERITY.FATAL, pani: SEVERITY.FATAL + 2, panic: SEVERITY.FATAL + 2, emerg: SEVERITY.FATAL + 3, emergency: SEVERITY.FATAL + 3,
  }),
); // prettier-ignore

/** As logcat, glog, klog and others have them. */
const LETTERS: Readonly<Record<string, number>> = {
  V: SEVERITY.TRACE, T: SEVERITY.TRACE, D: SEVERITY.DEBUG, I: SEVERITY.INFO, N: SEVERITY.INFO + 1, W: SEVERITY.WARN, E: SEVERITY.ERROR, C: SEVERITY.FATAL, F: SEVERITY.FATAL, A: SEVERITY.FATAL,
}; // prettier-ignore

/** Longer words are none. */
const MAX_WORD = 13;

/** Severity number of a word in any case; 0 when it is none. */
export const severityOfText = (word: string): number => (word.length > MAX_WORD ? 0 : (WORDS.get(word.toLowerCase()) ?? 0));

/** The same, and single capitals. */
export const severityOfMark = (mark: string): number => (mark.length === 1 ? (LETTERS[mark] ?? 0) : severityOfText(mark));

/** Level of an answer: the server's faults are errors, the client's warnings. */
export const severityOfStatus = (status: string): number => {
  if (!/^[1-5]\d\d$/.test(status)) return 0;
  const first = status.charCodeAt(0) - 48;
  return first === 5 ? SEVERITY.ERROR : first === 4 ? SEVERITY.WARN : SEVERITY.INFO;
};

/** Words that are a level only where they are written like one. */
const AMBIGUOUS = new Set(["fine", "config", "log", "http", "note", "fail", "failure", "alert", "silly", "success", "trac", "fata", "pani", "noti"]);
const WORD_NEAR_START = /(^|[\s[(<|:="',])([A-Za-z]{3,13})(?=($|[\s\])>|:,"'=.!]))/g;
const SEARCH_LENGTH = 96;
/** A level that has a column of its own, also far from the start. */
const COLUMN_LEVEL = /[\s"](TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|SEVERE|CRITICAL)(?: {2,}|\t)/;
const COLUMN_SEARCH_LENGTH = 4096;

/** DB2's and others' `LEVEL: Error`. */
const LABELLED_LEVEL = /\b(?:LEVEL|Level|level|Severity|severity): ?([A-Za-z]{3,13})\b/;

/** The level of a line that has no known place for one: a word near its start, marked as a level. */
export const severityNearStart = (text: string, from: number): { readonly severity: number; readonly text: string } | undefined => {
  const start = text.slice(from, from + SEARCH_LENGTH);
  for (const [, before, word, after] of start.matchAll(WORD_NEAR_START)) {
    const severity = severityOfText(word!);
    if (severity === 0) continue;
    const capitals = word === word!.toUpperCase();
    const enclosed = before === "=" || (/[[(<"'|]/.test(before!) && /[\])>|"']|^$/.test(after!));
    const named = after === ":" || (after === "" && capitals);
    if (enclosed || (named && !AMBIGUOUS.has(word!.toLowerCase())) || (capitals && /[\s\]|!]/.test(after!) && !AMBIGUOUS.has(word!.toLowerCase()))) return { severity, text: word! };
  }
  const label = LABELLED_LEVEL.exec(start)?.[1];
  if (label !== undefined && severityOfText(label) > 0) return { severity: severityOfText(label), text: label };
  const column = COLUMN_LEVEL.exec(text.length > COLUMN_SEARCH_LENGTH ? text.slice(0, COLUMN_SEARCH_LENGTH) : text)?.[1];
  return column === undefined ? undefined : { severity: severityOfText(column), text: column };
};
