/**
 * Times as text logs write them, at one place of a line. The bytes of JSON values have a parser of
 * their own (../timestamp.ts); this one knows many more forms and is for decoded lines.
 *
 * A time without a zone is local; one without a year is of the year that puts it nearest to now, but
 * not more than a day ahead; one without a date is of the last day on which it was that late.
 */

import { LocalZone, zoneOffset, zoneOfName } from "./zone.ts";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAY_SECONDS = 86_400;
/** The last second that an Int64 of ns holds. */
const MAX_SECONDS = 9_223_372_035;

const CLOCK = String.raw`(?<h>\d{1,2}):(?<m>\d\d)(?::(?<s>\d\d)(?:[.,](?<f>\d{1,9})\d*|:(?<f3>\d{3})(?!\d))?)?(?:\s?(?<pm>[AaPp])\.?[Mm]\.?\b)?`;
const ZONE = String.raw`(?:\s?(?<z>Z\b|(?:UTC|GMT)?[+-]\d\d:?\d\d(?!\d)|(?:UTC|GMT)[+-]\d{1,2}(?![\d:])|[+-]\d\d(?![\d:-])|[A-Z]{3,4}\b(?![-.=\/])|(?:A[a-z]+|Europe|Indian|Pacific)\/[A-Z][A-Za-z_]+(?:\/[A-Z][A-Za-z_]+)?\b(?![-.=\/])))?`;
const MONTH = "(?<mon>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}";
const WEEKDAY = String.raw`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},?\s+`;

const form = (...parts: string[]): RegExp => new RegExp(parts.join(""), "y");

/** Forms that begin with a digit. The order matters: longer forms come before their beginnings. */
const DIGIT_FORMS = [
  form(String.raw`(?<y>\d{4})([-\/.])(?<mo>\d{1,2})\2(?<d>\d{1,2})(?:T|\s+-?\s*|[:_-])`, CLOCK, ZONE),
  // DB2's and others' clock with dots; DB2's zone is in minutes.
  form(String.raw`(?<y>\d{4})-(?<mo>\d\d)-(?<d>\d\d)-(?<h>\d\d)\.(?<m>\d\d)\.(?<s>\d\d)(?:\.(?<f>\d{1,9}))?(?<zm>[+-]\d{3}(?!\d))?`),
  form(String.raw`(?<y>(?:19|20)\d\d) `, MONTH, String.raw`\s+(?<d>\d{1,2}) `, CLOCK, ZONE),
  form(String.raw`(?<y>(?:19|20)\d\d)(?<mo>\d\d)(?<d>\d\d)-`, CLOCK),
  // Zabbix.
  form(String.raw`(?<y>(?:19|20)\d\d)(?<mo>\d\d)(?<d>\d\d):(?<h>\d\d)(?<m>\d\d)(?<s>\d\d)(?:\.(?<f>\d{1,9}))?(?![\w:])`),
  form(String.raw`(?<y>(?:19|20)\d\d)(?<mo>\d\d)(?<d>\d\d)[T ](?<h>\d\d):?(?<m>\d\d):?(?<s>\d\d)(?:[.,](?<f>\d{1,9}))?`, ZONE),
  // With two colons: Erlang's reports.
  form(String.raw`(?<d>\d{1,2})[\/ -]`, MONTH, String.raw`[\/ -](?<y>\d{4})(?:::|[: ]\s*)`, CLOCK, ZONE),
  form(String.raw`(?<d>\d{1,2})[- ]`, MONTH, String.raw`\s+`, CLOCK, ZONE),
  form(String.raw`(?<a>\d{1,2})(?<sep>[-\/.])(?<b>\d{1,2})\k<sep>(?<y>\d{4}|\d\d)(?:T|,?\s+|[:-])`, CLOCK, ZONE),
  form(String.raw`(?<mo>\d\d)[-.](?<d>\d\d)\s+`, CLOCK, ZONE),
  // Snort's alerts.
  form(String.raw`(?<mo>\d\d)\/(?<d>\d\d)-(?<h>\d\d):(?<m>\d\d):(?<s>\d\d)\.(?<f>\d{6})`),
  form(String.raw`(?<y>\d\d)(?<mo>\d\d)(?<d>\d\d)\s+(?:(?<h>\d\d)(?<m>\d\d)(?<s>\d\d)\b|`, CLOCK.replaceAll("<h>", "<h2>").replaceAll("<m>", "<m2>").replaceAll("<s>", "<s2>"), ")"),
  form(String.raw`(?<epoch>\d{9,10})\.(?<ef>\d{1,9})(?![\d.:])`),
  form(String.raw`(?<epoch>[1-9]\d{18}|[1-9]\d{15}|[1-9]\d{12}|1\d{9})(?![\w.\/-]|:\S)`),
  form(String.raw`(?<h>\d{1,2}):(?<m>\d\d)(?::(?<s>\d\d)(?:[.,](?<f>\d{1,9}))?)?\s?(?<pm>[AaPp])[Mm]\b`),
  form(String.raw`(?<h>\d\d):(?<m>\d\d):(?<s>\d\d)(?:[.,](?<f>\d{1,9}))?(?![\d:])`, ZONE),
];
/** https://cr.yp.to/libtai/tai64.html: seconds from 2^62 on, ten ahead of UTC's as svlogd and multilog write them. */
const TAI64N = /@40000000([\da-f]{8})([\da-f]{8})(?![\da-f])/y;
const TAI_AHEAD = 10;
const LETTER_FORMS = [
  form(`(?:${WEEKDAY})?`, MONTH, String.raw`\s+(?<d>\d{1,2}),?\s+(?<y>\d{4})[,:]?\s+`, CLOCK, ZONE),
  form(`(?:${WEEKDAY})?`, MONTH, String.raw`\s+(?<d>\d{1,2}),?\s+`, CLOCK, String.raw`(?:\s(?<z>[A-Z]{3,4}|[+-]\d{4}))?(?:\s(?<y>(?:19|20)\d\d)\b(?!:))?`),
  // Monit.
  form(String.raw`(?<z>[A-Z]{3,4}) `, MONTH, String.raw` +(?<d>\d{1,2}) `, CLOCK),
  form(WEEKDAY, String.raw`(?<d>\d{1,2})[ -]`, MONTH, String.raw`[ -](?<y>\d{4})\s+`, CLOCK, ZONE),
];

type Groups = Record<string, string | undefined>;

export class TextTime {
  /** Of the last match. */
  seconds = 0;
  nanoseconds = 0;
  /** Whether the text named day, year and zone: of two times in a line the more explicit one counts. */
  explicitness = 0;

  readonly #zone: LocalZone;
  /** The form of the last line: tried first. */
  #last: RegExp | undefined;

  constructor(zone: LocalZone = new LocalZone()) {
    this.#zone = zone;
  }

  /** Index after the time that begins at `at`, or -1. */
  match(text: string, at: number, nowSeconds: number): number {
    const first = text.charCodeAt(at);
    const digit = first >= 48 && first <= 57;
    if (!digit && !isCapital(first)) return first === 64 /* @ */ ? this.#tai(text, at) : -1;
    const last = this.#last;
    if (last) {
      const end = this.#try(last, text, at, nowSeconds);
      if (end >= 0) return end;
    }
    for (const candidate of digit ? DIGIT_FORMS : LETTER_FORMS) {
      if (candidate === last) continue;
      const end = this.#try(candidate, text, at, nowSeconds);
      if (end < 0) continue;
      this.#last = candidate;
      return end;
    }
    return -1;
  }

  /** Whether the whole text is a time, brackets, quotes and blanks around it aside. */
  matchAll(text: string, nowSeconds: number): boolean {
    const inner = text.replace(/^[\s"'[(<]+|[\s"'\])>]+$/g, "");
    return this.match(inner, 0, nowSeconds) === inner.length;
  }

  #try(candidate: RegExp, text: string, at: number, nowSeconds: number): number {
    candidate.lastIndex = at;
    const groups = candidate.exec(text)?.groups as Groups | undefined;
    if (!groups) return -1;
    // A last match under a new form must not be a part of a longer number.
    const end = candidate.lastIndex;
    return this.#settle(groups, nowSeconds) ? end - this.#unreadZone(groups) : -1;
  }

  /** Length of what looked like a zone and is none, such as the word after the time, with its blank. */
  #unreadZone({ z }: Groups): number {
    return z !== undefined && zoneOffset(z) === undefined && zoneOfName(z) === undefined ? z.length + 1 : 0;
  }

  #settle(groups: Groups, nowSeconds: number): boolean {
    if (groups["epoch"] !== undefined) return this.#epoch(groups["epoch"], groups["ef"] ?? "");
    let hours = Number(groups["h"] ?? groups["h2"]);
    const minutes = Number(groups["m"] ?? groups["m2"]);
    const seconds = Number(groups["s"] ?? groups["s2"] ?? 0);
    if (hours > 23 || minutes > 59 || seconds > 60) return false;
    if (groups["pm"] !== undefined) hours = (hours % 12) + (groups["pm"].toLowerCase() === "p" ? 12 : 0);
    const clock = hours * 3600 + minutes * 60 + seconds;
    this.nanoseconds = Number((groups["f"] ?? groups["f3"] ?? "").padEnd(9, "0"));
    const { z, zm } = groups;
    const offset = zm !== undefined ? Number(zm) * 60 : z === undefined ? undefined : zoneOffset(z);
    const zone = offset === undefined && z?.includes("/") === true ? zoneOfName(z) : undefined;
    const date = dateOf(groups, nowSeconds);
    this.explicitness = (date.month >= 0 ? 1 : 0) + (date.year >= 0 ? 2 : 0) + (offset === undefined && zone === undefined ? 0 : 1);
    const at = (year: number, month: number, day: number): number => {
      const days = dayNumber(year, month, day);
      if (Number.isNaN(days)) return Number.NaN;
      const local = days * DAY_SECONDS + clock;
      return local - (offset ?? (zone ?? this.#zone).offsetAt(local));
    };
    this.seconds = date.year >= 0 ? at(date.year, date.month, date.day) : latest(date, nowSeconds, at);
    return this.seconds >= 0 && this.seconds <= MAX_SECONDS;
  }

  #tai(text: string, at: number): number {
    TAI64N.lastIndex = at;
    const found = TAI64N.exec(text);
    if (!found) return -1;
    this.seconds = Number.parseInt(found[1]!, 16) - TAI_AHEAD;
    this.nanoseconds = Number.parseInt(found[2]!, 16);
    this.explicitness = 4;
    return this.seconds >= 0 && this.nanoseconds < 1e9 ? TAI64N.lastIndex : -1;
  }

  #epoch(digits: string, fraction: string): boolean {
    const whole = digits.length - (digits.length <= 11 ? 0 : digits.length <= 14 ? 3 : digits.length <= 17 ? 6 : 9);
    this.seconds = Number(digits.slice(0, whole));
    this.nanoseconds = Number((digits.slice(whole) + fraction).padEnd(9, "0"));
    this.explicitness = 4;
    return this.seconds <= MAX_SECONDS;
  }
}

interface PartialDate {
  /** -1: not in the text. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const dateOf = (groups: Groups, nowSeconds: number): PartialDate => {
  const { y, mo, mon, d, a } = groups;
  if (a !== undefined) return numericDate(groups, nowSeconds);
  const year = y === undefined ? -1 : y.length === 2 ? 2000 + Number(y) : Number(y);
  if (mon !== undefined) return { year, month: MONTHS.indexOf(mon.toLowerCase()), day: Number(d) };
  return mo === undefined ? { year: -1, month: -1, day: -1 } : { year, month: Number(mo) - 1, day: Number(d) };
};

/**
 * 08/04/2023 is read as in the US, 08.04.2023 and 08-04-2023 as elsewhere; a 13th month decides. Where
 * the year has two digits it may stand first (Hadoop, Spark): the reading nearer to now has it.
 */
const numericDate = ({ a, b, sep, y }: Groups, nowSeconds: number): PartialDate => {
  const [first, second, third] = [Number(a), Number(b), Number(y)];
  const dayFirst = first > 12 || (sep !== "/" && second <= 12);
  const last: PartialDate = { year: y!.length === 2 ? 2000 + third : third, month: (dayFirst ? second : first) - 1, day: dayFirst ? first : second };
  if (y!.length !== 2 || a!.length !== 2) return last;
  const yearFirst: PartialDate = { year: 2000 + first, month: second - 1, day: third };
  return distance(yearFirst, nowSeconds) < distance(last, nowSeconds) ? yearFirst : last;
};

/** Seconds before now; infinite for days that do not exist, and for those to come. */
const distance = ({ year, month, day }: PartialDate, nowSeconds: number): number => {
  const ago = nowSeconds - dayNumber(year, month, day) * DAY_SECONDS;
  return ago >= -DAY_SECONDS ? Math.abs(ago) : Number.POSITIVE_INFINITY;
};

/** Days since 1970, NaN when there is no such day. */
const dayNumber = (year: number, month: number, day: number): number => {
  if (year < 1970) return Number.NaN;
  const date = new Date(Date.UTC(year, month, day));
  return date.getUTCMonth() === month && date.getUTCDate() === day ? date.getTime() / (DAY_SECONDS * 1000) : Number.NaN;
};

/** The last moment with this day (or this time of the day) that is not more than a day ahead. */
const latest = ({ month, day }: PartialDate, nowSeconds: number, at: (year: number, month: number, day: number) => number): number => {
  const now = new Date(nowSeconds * 1000);
  if (month < 0) {
    // Half an hour ahead is a clock that is off, more is yesterday.
    for (const back of [-1, 0, 1, 2]) {
      const date = new Date((nowSeconds - back * DAY_SECONDS) * 1000);
      const moment = at(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
      if (moment <= nowSeconds + 1800) return moment;
    }
    return Number.NaN;
  }
  // Eight years back there is a 29th of February.
  for (let year = now.getUTCFullYear() + 1; year >= now.getUTCFullYear() - 8; year--) {
    const moment = at(year, month, day);
    if (moment <= nowSeconds + DAY_SECONDS) return moment;
  }
  return Number.NaN;
};

const isCapital = (code: number): boolean => code >= 65 && code <= 90;
