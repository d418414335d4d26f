/** Time zones by their IANA names (`Europe/Berlin`) or offsets (`+01:00`, `Z`), over the zones that Node brings. */

import { illegalArgument } from "../../../core/elasticsearch.ts";

export interface TimeZone {
  /** As ClickHouse reads it; undefined for a fixed offset. */
  readonly name: string | undefined;
  /** Local time less UTC at an instant, ms. */
  offsetAt(utcMs: number): number;
  /** The instant of a local time: the earlier one where it comes twice; where clocks skip it, as much later. */
  toUtc(localMs: number): number;
}

const FIXED = /^(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?$/;
const DAY_MS = 86_400_000;

const fixed = (offsetMs: number): TimeZone => ({ name: undefined, offsetAt: () => offsetMs, toUtc: (localMs) => localMs - offsetMs });

export const UTC: TimeZone = fixed(0);

/** `GMT+05:30`, `GMT`, `GMT-00:36:32` */
const readOffset = (text: string): number => {
  const match = /([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (!match) return 0;
  const ms = (Number(match[2]) * 3_600 + Number(match[3]) * 60 + Number(match[4] ?? 0)) * 1_000;
  return match[1] === "-" ? -ms : ms;
};

const named = (name: string): TimeZone => {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  const offsetAt = (utcMs: number): number => readOffset(format.formatToParts(utcMs).find(({ type }) => type === "timeZoneName")!.value);
  return {
    name,
    offsetAt,
    toUtc(localMs) {
      const [before, after] = [offsetAt(localMs - DAY_MS), offsetAt(localMs + DAY_MS)];
      const valid = [before, after].map((offset) => localMs - offset).filter((utcMs) => utcMs + offsetAt(utcMs) === localMs);
      return valid.length > 0 ? Math.min(...valid) : localMs - before;
    },
  };
};

const known = new Map<string, TimeZone>();
/** Distinct spellings that are kept. */
const MAX_KNOWN = 1_000;

/** Throws illegal_argument_exception for what is no zone. */
export const timeZoneOf = (text: string): TimeZone => {
  if (text === "Z" || text === "UTC" || text === "GMT") return UTC;
  const match = FIXED.exec(text);
  if (match) {
    const ms = (Number(match[2]) * 60 + Number(match[3] ?? 0)) * 60_000;
    if (ms > 18 * 3_600_000) throw illegalArgument(`[${text}] is no time zone: offsets go up to 18:00`);
    return fixed(match[1] === "-" ? -ms : ms);
  }
  const found = known.get(text);
  if (found) return found;
  // Intl takes any case, ClickHouse the canonical one; and only names with a letter reach it.
  try {
    if (!/^[A-Za-z][\w+/-]*$/.test(text)) throw new RangeError();
    const zone = named(new Intl.DateTimeFormat("en-US", { timeZone: text }).resolvedOptions().timeZone);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(text, zone);
    return zone;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw illegalArgument(`[${text.slice(0, 100)}] is no time zone: give a name such as Europe/Berlin, or an offset such as +01:00`);
  }
};
