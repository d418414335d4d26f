/**
 * Times as logs write them, from bytes and without allocating: ISO 8601 / RFC 3339 with 0-9 digits
 * of fraction, epoch seconds to nanoseconds, and in front of plain lines also syslog's and the
 * common log format's. A time without a zone is local time of this process, as loggers mean it.
 */

import { TextTime } from "./text/time.ts";

/** The last moment that an Int64 of ns holds: 2262-04-11T23:47:16.854775807Z. */
const MAX_SECONDS = 9_223_372_036;
const MAX_LAST_NANOSECONDS = 854_775_807;

/** An integer of fewer digits is a duration, a status or a count rather than a time (1973 on). */
const MIN_EPOCH_DIGITS = 9;

/** `6/7/2024 1:02 PM` to `Wednesday, September 25, 2024 10:00:00.123456 AM`. */
const MIN_TEXT_BYTES = 14;
const MAX_TEXT_BYTES = 56;

const DAY_SECONDS = 86_400;
const DIGIT_0 = 48;
const [SPACE, PLUS, COMMA, DASH, DOT, SLASH, COLON, UPPER_T, UPPER_Z] = [32, 43, 44, 45, 46, 47, 58, 84, 90];

/** First three letters of a month, as `a << 16 | b << 8 | c` in lower case, to 0-11. */
const MONTHS = new Map(
  ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"].map((name, month) => [
    (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2),
    month,
  ]),
);

export class TimestampParser {
  /** Result of the last parse that returned true (or, for `parsePrefix`, an index). */
  seconds = 0;
  nanoseconds = 0;

  readonly #bytes: Uint8Array;
  /** Where the parse stands. */
  #at = 0;
  /** Year, month and day of the last date seen, and its day number: most lines are of one day. */
  #dateDigits = -1;
  #dateSeconds = 0;
  /** Local hour (seconds as if it were UTC) and its offset. */
  #localHour = Number.NaN;
  #localOffset = 0;
  /** For what is neither ISO 8601 nor an epoch. */
  #text: TextTime | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether [from, to) is a time, whole. */
  parse(from: number, to: number): boolean {
    const isIso = to - from >= 16 && this.#bytes[from + 4] === DASH;
    if (isIso ? this.#iso(from, to) && this.#at === to : this.#epoch(from, to)) return true;
    return !(isIso && this.#bytes[from + 10] === UPPER_T) && this.#otherForm(from, to);
  }

  /** The forms that text lines have, if day and year are named: `$time_local`, HTTP dates, `... UTC`. */
  #otherForm(from: number, to: number): boolean {
    const bytes = this.#bytes;
    if (to - from < MIN_TEXT_BYTES || to - from > MAX_TEXT_BYTES || bytes.indexOf(COLON, from) >= to) return false;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");
    this.#text ??= new TextTime();
    if (this.#text.match(text, 0, Date.now() / 1000) !== text.length || this.#text.explicitness < 3) return false;
    this.seconds = this.#text.seconds;
    this.nanoseconds = this.#text.nanoseconds;
    return this.#inRange();
  }

  /**
   * Index after a time at the start of a plain line, or -1. `nowSeconds` gives syslog its year.
   */
  parsePrefix(from: number, to: number, nowSeconds: number): number {
    const bytes = this.#bytes;
    let start = from;
    if (bytes[start] === 91 /* [ */ || bytes[start] === 60 /* < */) start++;
    const first = bytes[start]! - DIGIT_0;
    if (first >= 0 && first <= 9) {
      if (to - start >= 16 && bytes[start + 4] === DASH) return this.#iso(start, to) ? this.#at : -1;
      if (bytes[start + 2] === SLASH) return this.#commonLog(start, to) ? this.#at : -1;
      return this.#epochPrefix(start, to);
    }
    return this.#syslog(start, to, nowSeconds) ? this.#at : -1;
  }

  /** Time of the common log format, `10/Oct/2000:13:55:36 -0700`. Index after it, or -1. */
  parseCommonLog(from: number, to: number): number {
    return this.#commonLog(from, to) ? this.#at : -1;
  }

  #two(at: number): number {
    const tens = this.#bytes[at]! - DIGIT_0;
    const ones = this.#bytes[at + 1]! - DIGIT_0;
    return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
  }

  #iso(from: number, to: number): boolean {
    const bytes = this.#bytes;
    if (bytes[from + 7] !== DASH) return false;
    const separator = bytes[from + 10];
    if (separator !== UPPER_T && separator !== SPACE && separator !== 116 /* t */) return false;
    const century = this.#two(from);
    const year = this.#two(from + 2);
    const month = this.#two(from + 5);
    const day = this.#two(from + 8);
    if (century < 0 || year < 0 || month < 0 || day < 0) return false;
    if (!this.#setDate(century * 100 + year, month - 1, day)) return false;
    if (!this.#clock(from + 11, to)) return false;
    this.#fraction(to);
    return this.#zone(to) && this.#inRange();
  }

  /** `hh:mm` or `hh:mm:ss`; a leap second counts as the next minute's first. */
  #clock(from: number, to: number): boolean {
    if (to - from < 5 || this.#bytes[from + 2] !== COLON) return false;
    const hours = this.#two(from);
    const minutes = this.#two(from + 3);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return false;
    this.seconds = this.#dateSeconds + hours * 3600 + minutes * 60;
    this.nanoseconds = 0;
    this.#at = from + 5;
    if (to - from < 8 || this.#bytes[from + 5] !== COLON) return true;
    const seconds = this.#two(from + 6);
    if (seconds < 0 || seconds > 60) return false;
    this.seconds += seconds;
    this.#at = from + 8;
    return true;
  }

  /** Digits after `.` or `,`; those beyond the ninth are dropped. */
  #fraction(to: number): void {
    const bytes = this.#bytes;
    const mark = bytes[this.#at];
    if (this.#at >= to || (mark !== DOT && mark !== COMMA)) return;
    let at = this.#at + 1;
    let value = 0;
    let digits = 0;
    for (; at < to; at++) {
      const digit = bytes[at]! - DIGIT_0;
      if (digit < 0 || digit > 9) break;
      if (digits < 9) {
        value = value * 10 + digit;
        digits++;
      }
    }
    if (digits === 0) return;
    for (; digits < 9; digits++) value *= 10;
    this.nanoseconds = value;
    this.#at = at;
  }

  /** `Z`, `+hh:mm`, `+hhmm`, `+hh`, each also after one space; or nothing: local time. */
  #zone(to: number): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    if (at < to && (bytes[at] === UPPER_Z || bytes[at] === 122 /* z */)) {
      this.#at = at + 1;
      return true;
    }
    if (at + 1 < to && bytes[at] === SPACE && (bytes[at + 1] === PLUS || bytes[at + 1] === DASH)) at++;
    const sign = bytes[at];
    const hours = at + 3 <= to && (sign === PLUS || sign === DASH) ? this.#two(at + 1) : -1;
    if (hours < 0) {
      this.seconds -= this.#localOffsetAt(this.seconds);
      return true;
    }
    at += 3;
    const colon = at < to && bytes[at] === COLON ? 1 : 0;
    const minutes = at + colon + 2 <= to ? this.#two(at + colon) : -1;
    if (minutes >= 0) at += colon + 2;
    if (hours > 18 || minutes > 59) return false;
    const offset = hours * 3600 + Math.max(minutes, 0) * 60;
    this.seconds += sign === DASH ? offset : -offset;
    this.#at = at;
    return true;
  }

  #setDate(year: number, month: number, day: number): boolean {
    const digits = (year * 12 + month) * 32 + day;
    if (digits === this.#dateDigits) return true;
    if (month < 0 || month > 11 || day < 1 || day > 31) return false;
    const date = new Date(Date.UTC(year, month, day));
    date.setUTCFullYear(year);
    if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return false;
    this.#dateDigits = digits;
    this.#dateSeconds = date.getTime() / 1000;
    return true;
  }

  /** Seconds that local time is ahead of UTC, at a local time. Zones change at whole hours here. */
  #localOffsetAt(localSeconds: number): number {
    const hour = Math.floor(localSeconds / 3600);
    if (hour !== this.#localHour) {
      const as = new Date(hour * 3_600_000);
      const local = new Date(as.getUTCFullYear(), as.getUTCMonth(), as.getUTCDate(), as.getUTCHours());
      this.#localOffset = -local.getTimezoneOffset() * 60;
      this.#localHour = hour;
    }
    return this.#localOffset;
  }

  #inRange(): boolean {
    if (this.seconds < 0 || this.seconds > MAX_SECONDS) return false;
    return this.seconds < MAX_SECONDS || this.nanoseconds <= MAX_LAST_NANOSECONDS;
  }

  /** Index after a number that stands before a blank, when it is an epoch time; or -1. */
  #epochPrefix(from: number, to: number): number {
    let end = from;
    while (end < to && (this.#bytes[end] === DOT || (this.#bytes[end]! >= DIGIT_0 && this.#bytes[end]! <= 57))) end++;
    if (end < to && this.#bytes[end] !== SPACE && this.#bytes[end] !== 93 /* ] */ && this.#bytes[end] !== 9) return -1;
    return this.#epoch(from, end) ? end : -1;
  }

  /** 9-11 digits are seconds, 12-14 ms, 15-17 us, 18-19 ns; a fraction may follow. Exact, not by float. */
  #epoch(from: number, to: number): boolean {
    const bytes = this.#bytes;
    let digits = 0;
    while (from + digits < to && bytes[from + digits]! >= DIGIT_0 && bytes[from + digits]! <= 57) digits++;
    if (digits < MIN_EPOCH_DIGITS || digits > 19 || bytes[from] === DIGIT_0) return false;
    const wholeDigits = digits - (digits <= 11 ? 0 : digits <= 14 ? 3 : digits <= 17 ? 6 : 9);
    let at = from;
    let seconds = 0;
    for (; at < from + wholeDigits; at++) seconds = seconds * 10 + bytes[at]! - DIGIT_0;
    let nanoseconds = 0;
    let taken = 0;
    for (; at < to; at++) {
      const byte = bytes[at]!;
      if (byte === DOT && at === from + digits && at + 1 < to) continue;
      if (byte < DIGIT_0 || byte > 57) return false;
      if (taken < 9) {
        nanoseconds = nanoseconds * 10 + byte - DIGIT_0;
        taken++;
      }
    }
    for (; taken < 9; taken++) nanoseconds *= 10;
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
    return this.#inRange();
  }

  #month(at: number): number {
    const bytes = this.#bytes;
    const letters = ((bytes[at]! | 32) << 16) | ((bytes[at + 1]! | 32) << 8) | (bytes[at + 2]! | 32);
    return MONTHS.get(letters) ?? -1;
  }

  #commonLog(from: number, to: number): boolean {
    const bytes = this.#bytes;
    if (to - from < 20 || bytes[from + 2] !== SLASH || bytes[from + 6] !== SLASH || bytes[from + 11] !== COLON) return false;
    const day = this.#two(from);
    const century = this.#two(from + 7);
    const year = this.#two(from + 9);
    if (day < 0 || century < 0 || year < 0 || !this.#setDate(century * 100 + year, this.#month(from + 3), day)) return false;
    return this.#clock(from + 12, to) && this.#zone(to) && this.#inRange();
  }

  /** RFC 3164: `Nov  2 10:00:00`, of this year, or of the last one when that would be in the future. */
  #syslog(from: number, to: number, nowSeconds: number): boolean {
    const bytes = this.#bytes;
    if (to - from < 15 || bytes[from + 3] !== SPACE || bytes[from + 6] !== SPACE) return false;
    const month = this.#month(from);
    const day = bytes[from + 4] === SPACE ? bytes[from + 5]! - DIGIT_0 : this.#two(from + 4);
    if (month < 0 || day < 1) return false;
    const year = new Date(nowSeconds * 1000).getUTCFullYear();
    for (const candidate of [year + 1, year, year - 1]) {
      if (!this.#setDate(candidate, month, day) || !this.#clock(from + 7, to)) continue;
      this.#fraction(to);
      if (!this.#zone(this.#at)) return false;
      if (this.seconds <= nowSeconds + DAY_SECONDS) return this.#inRange();
    }
    return false;
  }
}
