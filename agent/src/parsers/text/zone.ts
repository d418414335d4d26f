/**
 * What a time without a full zone means: local time of this process, or of the zone that the user
 * named; and the abbreviations that logs write instead of an offset.
 */

/** Hours ahead of UTC. Of names with several meanings the one that log corpora show. */
const NAMED_ZONES: Readonly<Record<string, number>> = {
  Z: 0, UTC: 0, GMT: 0, WET: 0, WEST: 1, BST: 1, CET: 1, CEST: 2, EET: 2, EEST: 3, MSK: 3, IST: 5.5, ICT: 7, HKT: 8, SGT: 8, JST: 9, KST: 9,
  AWST: 8, ACST: 9.5, ACDT: 10.5, AEST: 10, AEDT: 11, NZST: 12, NZDT: 13, NST: -3.5, NDT: -2.5, AST: -4, ADT: -3, EST: -5, EDT: -4, CST: -6, CDT: -5,
  MST: -7, MDT: -6, PST: -8, PDT: -7, AKST: -9, AKDT: -8, HST: -10, BRT: -3, SAST: 2,
}; // prettier-ignore

const OFFSET = /^(?:UTC|GMT)?([+-])(\d\d?):?(\d\d)?$/;

/** Seconds ahead of UTC of `+02:00`, `-0700`, `+02`, `Z` or a known name; undefined for anything else. */
export const zoneOffset = (text: string): number | undefined => {
  const named = NAMED_ZONES[text];
  if (named !== undefined) return named * 3600;
  const offset = OFFSET.exec(text);
  if (!offset) return undefined;
  const hours = Number(offset[2]);
  const minutes = Number(offset[3] ?? 0);
  if (hours > 23 || minutes > 59) return undefined;
  return (offset[1] === "-" ? -1 : 1) * (hours * 3600 + minutes * 60);
};

/** Local time of one zone. Offsets are kept by the hour: zones change at whole hours of local time. */
export class LocalZone {
  readonly #format: Intl.DateTimeFormat | undefined;
  #hour = Number.NaN;
  #offset = 0;

  /** `timeZone`: an IANA name; the process's own without it. Throws RangeError on an unknown name. */
  constructor(timeZone?: string) {
    if (timeZone === undefined) return;
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
    }); // prettier-ignore
  }

  /** Seconds that it is ahead of UTC when its clocks show this time. */
  offsetAt(localSeconds: number): number {
    const hour = Math.floor(localSeconds / 3600);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#offset = this.#format ? this.#named(hour * 3600) : ownOffset(hour * 3600);
    }
    return this.#offset;
  }

  /** The offset at the moment that the first guess gives; a second look settles hours near a change. */
  #named(localSeconds: number): number {
    const first = this.#shown(localSeconds);
    return this.#shown(localSeconds - first);
  }

  #shown(utcSeconds: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#format!.formatToParts(utcSeconds * 1000)) parts[type] = Number(value);
    return Date.UTC(parts["year"]!, parts["month"]! - 1, parts["day"], parts["hour"], parts["minute"], parts["second"]) / 1000 - utcSeconds;
  }
}

/** More names than there are; texts that only look like one must not grow it for ever. */
const MAX_NAMES = 1_024;
const zones = new Map<string, LocalZone | undefined>();

/** `Europe/Berlin`, as PHP writes it; undefined when there is no such zone. */
export const zoneOfName = (name: string): LocalZone | undefined => {
  if (!name.includes("/")) return undefined;
  if (zones.has(name) || zones.size >= MAX_NAMES) return zones.get(name);
  let zone: LocalZone | undefined;
  try {
    zone = new LocalZone(name);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  zones.set(name, zone);
  return zone;
};

const ownOffset = (localSeconds: number): number => {
  const as = new Date(localSeconds * 1000);
  return -new Date(as.getUTCFullYear(), as.getUTCMonth(), as.getUTCDate(), as.getUTCHours()).getTimezoneOffset() * 60;
};
