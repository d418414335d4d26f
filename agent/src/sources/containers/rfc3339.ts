/** Times of container runtimes: RFC 3339 with up to nine decimals, as bytes. */

const ZERO = 48;

/** Reads one time after the other; days are computed once. */
export class Rfc3339 {
  seconds = 0;
  nanoseconds = 0;
  #date = 0;
  #dateSeconds = 0;

  /** Whether [from, to) is a time; then it stands in `seconds` and `nanoseconds`. */
  parse(bytes: Uint8Array, from: number, to: number): boolean {
    if (to - from < 20 || bytes[from + 4] !== 45 || bytes[from + 7] !== 45 || bytes[from + 13] !== 58 || bytes[from + 16] !== 58) return false;
    if ((bytes[from + 10]! | 0x20) !== 0x74 && bytes[from + 10] !== 32) return false;
    const date = digits(bytes, from, 4) * 10_000 + digits(bytes, from + 5, 2) * 100 + digits(bytes, from + 8, 2);
    const hours = digits(bytes, from + 11, 2);
    const minutes = digits(bytes, from + 14, 2);
    const seconds = digits(bytes, from + 17, 2);
    if (!(date >= 0) || !(hours < 24) || !(minutes < 60) || !(seconds <= 60)) return false;
    let at = from + 19;
    let fraction = 0;
    if (bytes[at] === 46) {
      let scale = 100_000_000;
      for (at++; at < to && isDigit(bytes[at]!); at++) {
        fraction += (bytes[at]! - ZERO) * scale;
        scale = Math.floor(scale / 10);
      }
    }
    const zone = zoneSeconds(bytes, at, to);
    if (Number.isNaN(zone) || !this.#setDate(date)) return false;
    const whole = this.#dateSeconds + hours * 3_600 + minutes * 60 + seconds - zone;
    if (whole < 0) return false;
    this.seconds = whole;
    this.nanoseconds = fraction;
    return true;
  }

  #setDate(date: number): boolean {
    if (date === this.#date) return true;
    const [year, month, day] = [Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100];
    const ms = Date.UTC(year, month - 1, day);
    if (year < 1970 || year > 2261 || new Date(ms).getUTCDate() !== day || month < 1 || month > 12) return false;
    this.#date = date;
    this.#dateSeconds = ms / 1_000;
    return true;
  }
}

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= 57;

/** NaN when one of them is no digit. */
const digits = (bytes: Uint8Array, from: number, count: number): number => {
  let value = 0;
  for (let at = from; at < from + count; at++) {
    if (!isDigit(bytes[at]!)) return NaN;
    value = value * 10 + bytes[at]! - ZERO;
  }
  return value;
};

/** `Z`, `+02:00` or `-0530`; NaN for anything else. */
const zoneSeconds = (bytes: Uint8Array, from: number, to: number): number => {
  if (to - from === 1) return (bytes[from]! | 0x20) === 0x7a ? 0 : NaN;
  const sign = bytes[from] === 43 ? 1 : bytes[from] === 45 ? -1 : NaN;
  const colon = bytes[from + 3] === 58 ? 1 : 0;
  if (to - from !== 5 + colon) return NaN;
  return sign * (digits(bytes, from + 1, 2) * 3_600 + digits(bytes, from + 3 + colon, 2) * 60);
};
