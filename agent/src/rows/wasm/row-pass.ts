/**
 * The row pass over JSON lines of known shapes, in AssemblyScript (SIMD): what fast-row.ts,
 * scan.ts, dictionary.ts and columns.ts do for such lines, line after line, in the same arena.
 *
 * TypeScript is the oracle. A line that needs a decision (a shape not seen before, a name or level
 * not seen before, a time in a rarer form, digits that look like a card's, `\u`) is not begun here:
 * `run` returns its index, and TypeScript takes that one line. What is written here is, bit by bit,
 * what TypeScript would have written (row-pass.test.ts).
 *
 * Not TypeScript for tsc: `node agent/src/rows/wasm/compile.ts` makes row-pass.wasm of it.
 */

// ---- layout: told once by wasm-row-pass.ts

/** Fields of the state block; STATE in wasm-row-pass.ts has the same. */
const ROWS = 0, MESSAGE_END = 4, VALUE_END = 8, ENTRY_COUNT = 12;
const SERVICE = 16, HOST = 20, ENVIRONMENT = 24;
const SHARED_COUNT = 28, SHARED_FROM = 32, SHARED_LENGTH = 36;
const MAX_ENTRY_COUNT = 40, FULL_MESSAGES = 44, FULL_VALUES = 48, MAX_ROWS = 52, MAX_LINE = 56;
const MESSAGE_HITS = 60, VALUE_HITS = 64, MASKS_DIGITS = 68, MASKS_WORDS = 72;
const OBSERVED = 80, FIRST_NS = 88, LAST_NS = 96;

let state: usize = 0;
let nodes: usize = 0, literals: usize = 0, levels: usize = 0, sharedKeys: usize = 0;
let timestamps: usize = 0, observed: usize = 0, severities: usize = 0;
let serviceIds: usize = 0, hostIds: usize = 0, environmentIds: usize = 0;
let traceIds: usize = 0, spanIds: usize = 0, entryEnds: usize = 0, entryKeys: usize = 0;
let scratch: usize = 0, services: usize = 0, hosts: usize = 0, environments: usize = 0;
let messageHits: usize = 0, valueHits: usize = 0, accessKeys: usize = 0, agents: usize = 0;

/** Offsets of the arena's regions, 32 bits each, in the order above. */
export function setup(at: usize): void {
  state = load<u32>(at, 0);
  nodes = load<u32>(at, 4);
  literals = load<u32>(at, 8);
  levels = load<u32>(at, 12);
  sharedKeys = load<u32>(at, 16);
  timestamps = load<u32>(at, 20);
  observed = load<u32>(at, 24);
  severities = load<u32>(at, 28);
  serviceIds = load<u32>(at, 32);
  hostIds = load<u32>(at, 36);
  environmentIds = load<u32>(at, 40);
  traceIds = load<u32>(at, 44);
  spanIds = load<u32>(at, 48);
  entryEnds = load<u32>(at, 52);
  entryKeys = load<u32>(at, 56);
  scratch = load<u32>(at, 60);
  services = load<u32>(at, 64);
  hosts = load<u32>(at, 68);
  environments = load<u32>(at, 72);
  messageHits = load<u32>(at, 76);
  valueHits = load<u32>(at, 80);
  accessKeys = load<u32>(at, 84);
  agents = load<u32>(at, 88);
}

// ---- scans: index after or at the end, 0 = no

let escaped: bool = false;

/** Index of the quote that ends the string whose content starts at `from`. */
// @ts-ignore: decorator
@inline
function stringEnd(from: usize): usize {
  let at = from;
  escaped = false;
  while (true) {
    const v = v128.load(at);
    const stops = v128.or(v128.or(i8x16.eq(v, i8x16.splat(34)), i8x16.eq(v, i8x16.splat(92))), i8x16.lt_u(v, i8x16.splat(32)));
    const mask = i8x16.bitmask(stops);
    if (mask == 0) {
      at += 16;
      continue;
    }
    at += ctz(mask);
    const stop = load<u8>(at);
    if (stop == 34) return at;
    if (stop != 92) return 0;
    escaped = true;
    at += 2;
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function isDigit(byte: u32): bool {
  return byte - 48 < 10;
}

function wordEnd(from: usize): usize {
  const word = load<u32>(from);
  if (word == 0x65757274 || word == 0x6c6c756e) return from + 4;
  return word == 0x736c6166 && load<u8>(from, 4) == 101 ? from + 5 : 0;
}

function bareEnd(from: usize): usize {
  let at = from;
  let first: u32 = load<u8>(at);
  if (first > 57) return wordEnd(at);
  if (first == 45) first = load<u8>(++at);
  if (!isDigit(first)) return 0;
  at++;
  if (first != 48) while (isDigit(load<u8>(at))) at++;
  if (load<u8>(at) == 46) {
    if (!isDigit(load<u8>(++at))) return 0;
    while (isDigit(load<u8>(at))) at++;
  }
  if ((load<u8>(at) | 32) == 101) {
    at++;
    if (load<u8>(at) == 43 || load<u8>(at) == 45) at++;
    if (!isDigit(load<u8>(at))) return 0;
    while (isDigit(load<u8>(at))) at++;
  }
  return at;
}

const MAX_ARRAY_DEPTH = 16;

// @ts-ignore: decorator
@inline
function blank(from: usize): usize {
  let at = from;
  while (load<u8>(at) == 32 || load<u8>(at) == 9) at++;
  return at;
}

function arrayEnd(from: usize, depth: i32): usize {
  if (load<u8>(from) != 91 || depth > MAX_ARRAY_DEPTH) return 0;
  let at = blank(from + 1);
  if (load<u8>(at) == 93) return at + 1;
  while (true) {
    at = nestedEnd(at, depth);
    if (!at) return 0;
    at = blank(at);
    const next = load<u8>(at);
    if (next == 93) return at + 1;
    if (next != 44) return 0;
    at = blank(at + 1);
  }
  return 0;
}

function objectEnd(from: usize, depth: i32): usize {
  if (depth > MAX_ARRAY_DEPTH) return 0;
  let at = blank(from + 1);
  if (load<u8>(at) == 125) return at + 1;
  while (true) {
    if (load<u8>(at) != 34) return 0;
    at = nestedEnd(at, depth);
    if (!at) return 0;
    at = blank(at);
    if (load<u8>(at) != 58) return 0;
    at = nestedEnd(blank(at + 1), depth);
    if (!at) return 0;
    at = blank(at);
    const next = load<u8>(at);
    if (next == 125) return at + 1;
    if (next != 44) return 0;
    at = blank(at + 1);
  }
  return 0;
}

function nestedEnd(from: usize, depth: i32): usize {
  const first = load<u8>(from);
  if (first == 34) {
    const end = stringEnd(from + 1);
    return end && !escaped ? end + 1 : 0;
  }
  if (first == 91) return arrayEnd(from, depth + 1);
  if (first == 123) return objectEnd(from, depth + 1);
  return bareEnd(from);
}

// ---- masking: cheap signs on the way, exact looks where they show

/** Of the last copy: a run of 11 bytes or more of digits, blanks and dashes; a word to look at. */
let hasRun: bool = false;
let hasWord: bool = false;

/** Copies and looks; up to 15 bytes behind the target are overwritten. */
// @ts-ignore: decorator
@inline
function copyAndLook(target: usize, from: usize, length: usize): void {
  let words = i8x16.splat(0);
  let runs: u32 = 0;
  let before: u32 = 0;
  for (let at: usize = 0; at < length; at += 16) {
    const v = v128.load(from + at);
    const p = v128.load(from + at - 1);
    v128.store(target + at, v);
    words = v128.or(words, tellingBytes(v, p));
    const digits = v128.or(i8x16.lt_u(i8x16.sub(v, i8x16.splat(48)), i8x16.splat(10)), v128.or(i8x16.eq(v, i8x16.splat(45)), i8x16.eq(v, i8x16.splat(32))));
    const bits = before | (<u32>i8x16.bitmask(digits) << 16);
    const two = bits & (bits >> 1), four = two & (two >> 2), eight = four & (four >> 4);
    runs |= eight & (eight >> 3);
    before = bits >> 16;
  }
  hasRun = runs != 0;
  hasWord = v128.any_true(words);
}

/** At least what hasSensitiveDigits (mask/candidates.ts) finds. */
function hasSensitiveDigits(from: usize, to: usize): bool {
  let digits = 0, separators = 0, afterSeparator = false;
  for (let at = from; at < to; at++) {
    const byte: u32 = load<u8>(at);
    if (isDigit(byte)) {
      digits++;
      afterSeparator = false;
      if (digits >= 12 || (digits >= 9 && separators >= 2)) return true;
    } else if ((byte == 32 || byte == 45) && digits > 0 && !afterSeparator) {
      separators++;
      afterSeparator = true;
    } else {
      digits = 0;
      separators = 0;
      afterSeparator = false;
    }
  }
  return false;
}

/** Whether a needle of mask/candidates.ts shows at its telling byte. Bytes around it are looked at. */
// @ts-ignore: decorator
@inline
function isNeedle(at: usize): bool {
  const byte = load<u8>(at);
  if (byte == 64) return true;
  if (byte == 65) {
    const word = load<u32>(at);
    return word == 0x41494b41 || word == 0x41495341 || word == 0x617a4941; // AKIA, ASIA, AIza
  }
  const before = load<u32>(at - 4);
  if (byte == 95) {
    const behind = load<u32>(at, 1);
    const last = before >> 24;
    if (last == 107) return behind == 0x6576696c || behind == 0x74736574; // k_live_, k_test_
    if (last == 98) return behind == 0x5f746170; // b_pat_
    return before >> 8 == 0x6d706e || ((before >> 8) & 0xffff) == 0x6867; // npm_, gh?_
  }
  // sk-, (g)lpat-, xox?-
  if (byte == 45) return before >> 16 == 0x6b73 || before == 0x7461706c || (before & 0xffffff) == 0x786f78;
  return byte == 74 && before >> 16 == 0x7965; // eyJ
}

/** Bytes at which a needle may show: '@', 'A', "yJ", '_' or '-' behind a small letter. */
// @ts-ignore: decorator
@inline
function tellingBytes(v: v128, before: v128): v128 {
  const joint = v128.and(v128.or(i8x16.eq(v, i8x16.splat(95)), i8x16.eq(v, i8x16.splat(45))), i8x16.lt_u(i8x16.sub(before, i8x16.splat(97)), i8x16.splat(26)));
  const token = v128.or(v128.and(i8x16.eq(v, i8x16.splat(74)), i8x16.eq(before, i8x16.splat(121))), i8x16.eq(v, i8x16.splat(65)));
  return v128.or(i8x16.eq(v, i8x16.splat(64)), v128.or(joint, token));
}

function hasNeedle(from: usize, to: usize): bool {
  for (let at = from; at < to; at += 16) {
    let mask: u32 = i8x16.bitmask(tellingBytes(v128.load(at), v128.load(at - 1)));
    for (; mask != 0; mask &= mask - 1) {
      const place = at + ctz(mask);
      if (place < to && isNeedle(place)) return true;
    }
  }
  return false;
}

const MAX_HITS: u32 = 1 << 16;

/** Notes that the value whose content starts at `at` is to be looked at by the masker. */
function noteHit(hits: usize, count: usize, at: usize): void {
  const n = load<u32>(state + count);
  if (n < MAX_HITS) store<u32>(hits + (<usize>n << 2), <u32>at);
  store<u32>(state + count, n + 1);
}

/** Notes every needle in [from, to), which TypeScript wrote. `count` is MESSAGE_HITS or VALUE_HITS. */
export function look(count: usize, from: usize, to: usize): void {
  const hits = count == MESSAGE_HITS ? messageHits : valueHits;
  for (let at = from; at < to; at += 16) {
    let mask: u32 = i8x16.bitmask(tellingBytes(v128.load(at), v128.load(at - 1)));
    for (; mask != 0; mask &= mask - 1) {
      const place = at + ctz(mask);
      if (place < to && isNeedle(place)) noteHit(hits, count, place);
    }
  }
}

// ---- columns of the row under way

let messageEnd: usize = 0, valueEnd: usize = 0, entryCount: usize = 0;
let masksDigits: bool = false, masksWords: bool = false;

// @ts-ignore: decorator
@inline
function copyPlain(target: usize, from: usize, length: usize): void {
  v128.store(target, v128.load(from));
  for (let done: usize = 16; done < length; done += 16) v128.store(target + done, v128.load(from + done));
}

// @ts-ignore: decorator
@inline
function writeLength(at: usize, length: usize): usize {
  if (length < 0x80) {
    store<u8>(at, <u8>length);
    return at + 1;
  }
  let end = at;
  let rest = length;
  while (rest >= 0x80) {
    store<u8>(end++, <u8>rest | 0x80);
    rest >>= 7;
  }
  store<u8>(end++, <u8>rest);
  return end;
}

/** Copies a value; false when TypeScript has to decide about its digits. `count` is MESSAGE_HITS or VALUE_HITS. */
// @ts-ignore: decorator
@inline
function copyMasked(target: usize, from: usize, to: usize, count: usize): bool {
  if (!masksDigits && !masksWords) {
    copyPlain(target, from, to - from);
    return true;
  }
  copyAndLook(target, from, to - from);
  if (masksDigits && hasRun && hasSensitiveDigits(from, to)) return false;
  if (masksWords && hasWord && hasNeedle(from, to)) noteHit(count == MESSAGE_HITS ? messageHits : valueHits, count, target);
  return true;
}

function writeMessage(from: usize, to: usize): bool {
  const start = writeLength(messageEnd, to - from);
  if (!copyMasked(start, from, to, MESSAGE_HITS)) return false;
  messageEnd = start + (to - from);
  return true;
}

function writeAttribute(key: u32, from: usize, to: usize): bool {
  const start = writeLength(valueEnd, to - from);
  if (!copyMasked(start, from, to, VALUE_HITS)) return false;
  store<u16>(entryKeys + (entryCount << 1), <u16>key);
  entryCount++;
  valueEnd = start + (to - from);
  return true;
}

/** Decodes to the scratch region; 0 for `\u` and what is no escape. */
function unescape(from: usize, to: usize): usize {
  let out = scratch;
  for (let at = from; at < to; at++) {
    let byte = load<u8>(at);
    if (byte == 92) {
      byte = load<u8>(++at);
      if (byte == 110) byte = 10;
      else if (byte == 116) byte = 9;
      else if (byte == 114) byte = 13;
      else if (byte == 98) byte = 8;
      else if (byte == 102) byte = 12;
      else if (byte != 34 && byte != 92 && byte != 47) return 0;
    }
    store<u8>(out++, byte);
  }
  return out;
}

// ---- fields

let timeNs: i64 = 0;

// @ts-ignore: decorator
@inline
function two(at: usize): i32 {
  const tens = <u32>load<u8>(at) - 48, ones = <u32>load<u8>(at, 1) - 48;
  return tens > 9 || ones > 9 ? -100_000 : <i32>(tens * 10 + ones);
}

const SECOND: i64 = 1_000_000_000;

/** The day that was parsed last, its ten bytes: most lines are of one day. */
let dayHead: u64 = 0, dayTail: u32 = 0, daySeconds: i64 = 0;

/** Day of `yyyy-mm-dd` at `from` to `daySeconds`; false when it is none of 1970-2261. */
function setDay(from: usize): bool {
  const head = load<u64>(from);
  const tail: u32 = load<u16>(from, 8);
  if (head == dayHead && tail == dayTail) return true;
  const year = two(from) * 100 + two(from + 2), month = two(from + 5), day = two(from + 8);
  if (load<u8>(from, 4) != 45 || load<u8>(from, 7) != 45) return false;
  if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1) return false;
  const leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  const days = month == 2 ? (leap ? 29 : 28) : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
  if (day > days) return false;
  // Days from 1970-03-01 on a calendar whose years begin in March.
  const y = month <= 2 ? year - 1 : year;
  const era = y / 400, yearOfEra = y - era * 400;
  const dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  daySeconds = <i64>(era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468) * 86400;
  dayHead = head;
  dayTail = tail;
  return true;
}

/** `yyyy-mm-ddThh:mm:ss[.fff]` with a zone; false for all that TypeScript may yet know. */
function parseIso(from: usize, to: usize): bool {
  if (!setDay(from)) return false;
  const separator = load<u8>(from, 10);
  if (separator != 84 && separator != 32 && separator != 116) return false;
  if (load<u8>(from, 13) != 58 || load<u8>(from, 16) != 58) return false;
  const hours = two(from + 11), minutes = two(from + 14), seconds = two(from + 17);
  if (<u32>hours > 23 || <u32>minutes > 59 || <u32>seconds > 59) return false;
  let ns: i64 = 0;
  let at = from + 19;
  const mark = load<u8>(at);
  if (mark == 46 || mark == 44) {
    at++;
    let value: u32 = 0, digits = 0;
    while (at < to) {
      const digit = <u32>load<u8>(at) - 48;
      if (digit > 9) break;
      if (++digits > 9) return false;
      value = value * 10 + digit;
      at++;
    }
    if (digits == 0) return false;
    for (; digits < 9; digits++) value *= 10;
    ns = value;
  }
  let t = daySeconds + <i64>(hours * 3600 + minutes * 60 + seconds);
  const zone = load<u8>(at);
  if (zone == 90 || zone == 122) {
    if (at + 1 != to) return false;
  } else {
    if (at + 6 != to || (zone != 43 && zone != 45) || load<u8>(at, 3) != 58) return false;
    const offsetHours = two(at + 1), offsetMinutes = two(at + 4);
    if (<u32>offsetHours > 18 || <u32>offsetMinutes > 59) return false;
    const offset = <i64>(offsetHours * 3600 + offsetMinutes * 60);
    t += zone == 45 ? offset : -offset;
  }
  if (t < 0) return false;
  timeNs = t * SECOND + ns;
  return true;
}

/** The day of the access log's line before, its eleven bytes. */
let logDayHead: u64 = 0, logDayTail: u32 = 0, logDaySeconds: i64 = 0;

/** 0-11 of `Jan`-`Dec`; -1 of anything else. */
function monthOf(at: usize): i32 {
  const word = load<u32>(at) & 0xffffff;
  switch (word) {
    case 0x6e614a: return 0;
    case 0x626546: return 1;
    case 0x72614d: return 2;
    case 0x727041: return 3;
    case 0x79614d: return 4;
    case 0x6e754a: return 5;
    case 0x6c754a: return 6;
    case 0x677541: return 7;
    case 0x706553: return 8;
    case 0x74634f: return 9;
    case 0x766f4e: return 10;
    case 0x636544: return 11;
    default: return -1;
  }
}

/** Days since 1970 of a day that is none before, or after, or of another month: -1. */
function daysOf(year: i32, month: i32, day: i32): i32 {
  if (year < 1970 || year > 2261 || day < 1) return -1;
  const leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  const length = month == 1 ? (leap ? 29 : 28) : month == 3 || month == 5 || month == 8 || month == 10 ? 30 : 31;
  if (day > length) return -1;
  // On a calendar whose years begin in March.
  const y = month <= 1 ? year - 1 : year;
  const era = y / 400, yearOfEra = y - era * 400;
  const dayOfYear = (153 * (month + (month > 1 ? -2 : 10)) + 2) / 5 + day - 1;
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

/** `dd/Mon/yyyy:hh:mm:ss +hhmm`, 26 bytes; false for all that TypeScript may yet know. */
function parseLogTime(from: usize): bool {
  const head = load<u64>(from);
  const tail: u32 = load<u32>(from, 8) & 0xffffff;
  if (head != logDayHead || tail != logDayTail) {
    if (load<u8>(from, 2) != 47 || load<u8>(from, 6) != 47) return false;
    const month = monthOf(from + 3);
    const days = month < 0 ? -1 : daysOf(two(from + 7) * 100 + two(from + 9), month, two(from));
    if (days < 0) return false;
    logDayHead = head;
    logDayTail = tail;
    logDaySeconds = <i64>days * 86400;
  }
  if (load<u8>(from, 11) != 58 || load<u8>(from, 14) != 58 || load<u8>(from, 17) != 58 || load<u8>(from, 20) != 32) return false;
  const hours = two(from + 12), minutes = two(from + 15), seconds = two(from + 18);
  if (<u32>hours > 23 || <u32>minutes > 59 || <u32>seconds > 59) return false;
  const sign = load<u8>(from, 21);
  const offsetHours = two(from + 22), offsetMinutes = two(from + 24);
  if ((sign != 43 && sign != 45) || <u32>offsetHours > 18 || <u32>offsetMinutes > 59) return false;
  const offset = <i64>(offsetHours * 3600 + offsetMinutes * 60);
  const t = logDaySeconds + <i64>(hours * 3600 + minutes * 60 + seconds) + (sign == 45 ? offset : -offset);
  if (t < 0) return false;
  timeNs = t * SECOND;
  return true;
}

/** Whole numbers of 9-18 digits: seconds, ms, us or ns by their length. */
function parseEpoch(from: usize, to: usize): bool {
  const digits = to - from;
  if (digits < 9 || digits > 18 || load<u8>(from) == 48) return false;
  let value: i64 = 0;
  for (let at = from; at < to; at++) {
    const digit = <u32>load<u8>(at) - 48;
    if (digit > 9) return false;
    value = value * 10 + <i64>digit;
  }
  if (digits <= 11) {
    if (value > 9_000_000_000) return false;
    timeNs = value * SECOND;
  } else if (digits <= 14) {
    if (value > 9_000_000_000_000) return false;
    timeNs = value * 1_000_000;
  } else if (digits <= 17) {
    if (value > 9_000_000_000_000_000) return false;
    timeNs = value * 1000;
  } else timeNs = value;
  return true;
}

function parseTime(from: usize, to: usize): bool {
  return to - from >= 20 && load<u8>(from, 4) == 45 ? parseIso(from, to) : parseEpoch(from, to);
}

/** Severity of a level that TypeScript has told before (severity-memo.ts); -1 = ask it. */
function levelOf(role: u32, from: usize, to: usize): i32 {
  const length = <u32>(to - from);
  if (length == 0 || length > 16) return -1;
  const slot = (<u32>load<u8>(from) * 31 + <u32>load<u8>(to - 1) * 7 + (length << 3) + role) & 255;
  const text = v128.load(from);
  const wanted: u32 = (1 << length) - 1;
  for (let probe: u32 = 0; probe < 4; probe++) {
    const entry = levels + (<usize>((slot + probe) & 255) << 5);
    if (load<u8>(entry) != length || load<u8>(entry, 1) != role) continue;
    const same: u32 = i8x16.bitmask(i8x16.eq(text, v128.load(entry, 16)));
    if ((same & wanted) == wanted) return load<u8>(entry, 2);
  }
  return -1;
}

const SLOTS: usize = 1 << 14;
const MAX_NAME_BYTES: usize = 256;

/** Id of a name that the dictionary has; -1 = it has not. Layout: dictionary.ts. */
function idOf(dictionary: usize, from: usize, to: usize): i32 {
  const length = to - from;
  let hash: i32 = <i32>length;
  let at = from;
  for (; at + 4 <= to; at += 4) hash = ((hash ^ load<i32>(at)) * <i32>0x9e3779b1) ^ <i32>(<u32>hash >> 15);
  for (; at < to; at++) hash = (hash ^ <i32>load<u8>(at)) * 0x01000193;
  hash ^= <i32>(<u32>hash >> 16);
  const hashes = dictionary + SLOTS * 2, places = hashes + SLOTS * 4;
  for (let slot = <usize>hash & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
    const id = <i32>load<u16>(dictionary + (<usize>slot << 1)) - 1;
    if (id < 0) return -1;
    if (load<i32>(hashes + (<usize>slot << 2)) != hash) continue;
    const place = places + (<usize>id << 3);
    if (<usize>load<u32>(place, 4) == length && sameBytes(load<u32>(place), from, length)) return id;
  }
  return -1;
}

// @ts-ignore: decorator
@inline
function sameBytes(a: usize, b: usize, length: usize): bool {
  let at: usize = 0;
  for (; at + 16 <= length; at += 16) if (!i8x16.all_true(i8x16.eq(v128.load(a + at), v128.load(b + at)))) return false;
  const rest = <u32>(length - at);
  if (rest == 0) return true;
  const same: u32 = i8x16.bitmask(i8x16.eq(v128.load(a + at), v128.load(b + at)));
  const wanted: u32 = (1 << rest) - 1;
  return (same & wanted) == wanted;
}

/** 16 hex digits as 16-bit lanes of a byte each, high and low nibble still apart. */
// @ts-ignore: decorator
@inline
function nibbles(text: v128): v128 {
  const digit = i8x16.sub(text, i8x16.splat(48));
  const letter = i8x16.sub(v128.or(text, i8x16.splat(32)), i8x16.splat(87));
  return v128.bitselect(digit, letter, i8x16.lt_u(digit, i8x16.splat(10)));
}

// @ts-ignore: decorator
@inline
function isHex(text: v128): bool {
  const digit = i8x16.lt_u(i8x16.sub(text, i8x16.splat(48)), i8x16.splat(10));
  const letter = i8x16.lt_u(i8x16.sub(v128.or(text, i8x16.splat(32)), i8x16.splat(97)), i8x16.splat(6));
  return i8x16.all_true(v128.or(digit, letter));
}

// @ts-ignore: decorator
@inline
function joined(n: v128): v128 {
  return v128.and(v128.or(i16x8.shl(n, 4), i16x8.shr_u(n, 8)), i16x8.splat(255));
}

/** False: not hex of that length, an attribute after all. */
function writeTraceId(row: usize, from: usize, to: usize): bool {
  if (to - from != 32) return false;
  const a = v128.load(from), b = v128.load(from, 16);
  if (!isHex(a) || !isHex(b)) return false;
  v128.store(traceIds + (row << 4), i8x16.narrow_i16x8_u(joined(nibbles(a)), joined(nibbles(b))));
  return true;
}

function writeSpanId(row: usize, from: usize, to: usize): bool {
  if (to - from != 16) return false;
  const a = v128.load(from);
  if (!isHex(a)) return false;
  store<u64>(spanIds + (row << 3), v128.extract_lane<u64>(i8x16.narrow_i16x8_u(joined(nibbles(a)), i8x16.splat(0)), 0));
  return true;
}

const ATTRIBUTE = 0, TIMESTAMP = 1, LEVEL = 2, SEVERITY_NUMBER = 3, SERVICE_ROLE = 4, HOST_ROLE = 5, ENVIRONMENT_ROLE = 6, MESSAGE = 7, TRACE_ID = 8, SPAN_ID = 9;
const STRING = 1, BARE = 2, END = 4;
const NULL_WORD: u32 = 0x6c6c756e;

function writeName(dictionary: usize, ids: usize, row: usize, from: usize, to: usize): bool {
  const id = to - from > MAX_NAME_BYTES ? -1 : idOf(dictionary, from, to);
  store<u16>(ids + (row << 1), <u16>id);
  return id >= 0;
}

function writeValue(row: usize, role: u32, key: u32, kind: u32, start: usize, end: usize): bool {
  let from = start, to = end;
  if (kind == STRING) {
    if (escaped) {
      if (role != ATTRIBUTE && role != MESSAGE) return false;
      to = unescape(from, to);
      if (!to) return false;
      from = scratch;
    }
  } else if (kind == BARE && to - from == 4 && load<u32>(from) == NULL_WORD) return role == ATTRIBUTE;
  switch (role) {
    case ATTRIBUTE:
      return writeAttribute(key, from, to);
    case MESSAGE:
      return writeMessage(from, to);
    case TIMESTAMP:
      return parseTime(from, to);
    case LEVEL:
    case SEVERITY_NUMBER: {
      const severity = levelOf(role, from, to);
      store<u8>(severities + row, <u8>severity);
      return severity >= 0;
    }
    case SERVICE_ROLE:
      return writeName(services, serviceIds, row, from, to);
    case HOST_ROLE:
      return writeName(hosts, hostIds, row, from, to);
    case ENVIRONMENT_ROLE:
      return writeName(environments, environmentIds, row, from, to);
    case TRACE_ID:
      return writeTraceId(row, from, to) || writeAttribute(key, from, to);
    case SPAN_ID:
      return writeSpanId(row, from, to) || writeAttribute(key, from, to);
    default:
      return false;
  }
}

// ---- lines

/** Index of the newline of the line at `from`, walked along the trie of shapes; 0 = TypeScript's. */
function walk(row: usize, from: usize): usize {
  let at = from;
  let node = nodes + (<usize>load<u32>(nodes, 20) << 2);
  while (node != nodes) {
    const length = <usize>load<u32>(node, 4);
    if (sameBytes(literals + <usize>load<u32>(node), at, length)) {
      const start = at + length;
      const kind = load<u32>(node, 8);
      if (kind == END) {
        if (load<u8>(start) == 10) return start;
        if (load<u8>(start) == 13 && load<u8>(start, 1) == 10) return start + 1;
      } else {
        const end = kind == STRING ? stringEnd(start) : kind == BARE ? bareEnd(start) : arrayEnd(start, 1);
        if (end) {
          if (!writeValue(row, load<u32>(node, 12), load<u32>(node, 24), kind, start, end)) return 0;
          at = end;
          node = nodes + (<usize>load<u32>(node, 20) << 2);
          continue;
        }
      }
    }
    node = nodes + (<usize>load<u32>(node, 16) << 2);
  }
  return 0;
}

// ---- access logs in the combined format (parsers/formats/access.ts is the oracle)

/** Places in `accessKeys`; ACCESS_KEYS in access-lane.ts has the same order. */
const PATH = 5, VERSION = 7, REFERER = 10;

/** A longer line, or field, is TypeScript's. */
const MAX_ACCESS_BYTES: usize = 8192;

/** Digits, blanks and dashes. */
// @ts-ignore: decorator
@inline
function digitBits(v: v128): u32 {
  return i8x16.bitmask(v128.or(i8x16.lt_u(i8x16.sub(v, i8x16.splat(48)), i8x16.splat(10)), v128.or(i8x16.eq(v, i8x16.splat(45)), i8x16.eq(v, i8x16.splat(32)))));
}

/** Whether a run of 11 begins in the lower 16 bits, or reaches into the upper ones. */
// @ts-ignore: decorator
@inline
function longRuns(bits: u32): u32 {
  const pairs = bits & (bits >> 1), fours = pairs & (pairs >> 2), eights = fours & (fours >> 4);
  return eights & (eights >> 3);
}

/** hasSensitiveDigits, behind a look at 16 bytes at a time for whether there is a run that can be long enough. */
function mayHaveSensitiveDigits(from: usize, to: usize): bool {
  let before: u32 = 0;
  for (let at = from; at < to; at += 16) {
    const bits = before | (digitBits(v128.load(at)) << 16);
    if (longRuns(bits)) return hasSensitiveDigits(from, to);
    before = bits >> 16;
  }
  return false;
}

/**
 * Index of the first quote or `mark` behind `from`. 0 when something comes before it that is not
 * printable ASCII, a backslash, or what may have to be masked.
 */
function cleanEnd(from: usize, mark: i32): usize {
  const other = i8x16.splat(<i8>mark);
  let before: u32 = 0, runs: u32 = 0;
  for (let at = from; at - from < MAX_ACCESS_BYTES; at += 16) {
    const v = v128.load(at);
    // Signed: what is not ASCII is below 32, too.
    const odd = v128.or(i8x16.lt_s(v, i8x16.splat(32)), i8x16.eq(v, i8x16.splat(92)));
    const stops: u32 = i8x16.bitmask(v128.or(odd, v128.or(i8x16.eq(v, i8x16.splat(34)), i8x16.eq(v, other))));
    const inside: u32 = stops == 0 ? 0xffff : (stops & (0 - stops)) - 1;
    if (masksWords) {
      let words: u32 = i8x16.bitmask(tellingBytes(v, v128.load(at - 1))) & inside;
      for (; words != 0; words &= words - 1) if (isNeedle(at + ctz(words))) return 0;
    }
    if (masksDigits) {
      const bits = before | ((digitBits(v) & inside) << 16);
      runs |= longRuns(bits);
      before = bits >> 16;
    }
    if (stops == 0) continue;
    const end = at + ctz(stops);
    const byte = load<u8>(end);
    if (byte != 34 && byte != <u8>mark) return 0;
    return runs != 0 && hasSensitiveDigits(from, end) ? 0 : end;
  }
  return 0;
}

/** Index of the quote that ends the text at `from`; 0 when the line ends before. */
// @ts-ignore: decorator
@inline
function quoteEnd(from: usize): usize {
  for (let at = from; at - from < MAX_ACCESS_BYTES; at += 16) {
    const v = v128.load(at);
    const stops: u32 = i8x16.bitmask(v128.or(i8x16.eq(v, i8x16.splat(34)), i8x16.eq(v, i8x16.splat(10))));
    if (stops == 0) continue;
    const end = at + ctz(stops);
    return load<u8>(end) == 34 ? end : 0;
  }
  return 0;
}

/** Agents that were found clean, a length of 32 bits and their bytes each: most lines have one of a few. */
const MEMO_SLOTS: u64 = 128, MEMO_SLOT_BYTES: usize = 288, MEMO_TEXT: usize = 16;
const MEMO_LEAST: usize = 32, MEMO_MOST: usize = 256;

/** cleanEnd of an agent, which is looked at once only. */
function agentEnd(from: usize): usize {
  const end = quoteEnd(from);
  if (end == 0) return 0;
  const length = end - from;
  if (length < MEMO_LEAST || length > MEMO_MOST) return cleanEnd(from, 34);
  // Versions stand in the middle and at the end.
  const signs = load<u64>(from + 16) ^ rotl<u64>(load<u64>(from + (length >> 1)), 13) ^ rotl<u64>(load<u64>(end - 24), 29) ^ rotl<u64>(load<u64>(end - 8), 47);
  const slot = agents + <usize>(((signs + <u64>length) * 0x9e3779b97f4a7c15) >> 57) * MEMO_SLOT_BYTES;
  if (<usize>load<u32>(slot) == length && sameBytes(slot + MEMO_TEXT, from, length)) return end;
  if (cleanEnd(from, 34) != end) return 0;
  store<u32>(slot, <u32>length);
  copyPlain(slot + MEMO_TEXT, from, length);
  return end;
}

/** Status and size, with a blank between and behind something else than a digit: together too few to be a card's. */
const MAX_SIZE_DIGITS: usize = 8;
/** Too few digits to be anybody's. */
const MAX_VERSION_BYTES: usize = 8;
/** Shorter than any key of a cloud's, which are in capitals, too. */
const MAX_METHOD_BYTES: usize = 12;

/** Index after `1.2.3.4` at `from`; 0 = none. */
function ipv4End(from: usize): usize {
  let at = from;
  for (let part = 0; ; part++) {
    const start = at;
    while (isDigit(load<u8>(at))) at++;
    if (at == start || at - start > 3) return 0;
    if (part == 3) return at;
    if (load<u8>(at) != 46) return 0;
    at++;
  }
  return 0;
}

/** Index after a word of letters, digits, `_`, `.` and `-`. */
function wordCharactersEnd(from: usize): usize {
  let at = from;
  for (; ; at++) {
    const byte: u32 = load<u8>(at);
    if (!isDigit(byte) && (byte | 32) - 97 > 25 && byte != 45 && byte != 46 && byte != 95) return at;
  }
  return at;
}

/** Whether what stands between the address and the time may have to be masked. ` - -` is the usual. */
// @ts-ignore: decorator
@inline
function isSensitiveCaller(from: usize, to: usize): bool {
  return to - from > 4 && ((masksWords && hasNeedle(from, to)) || (masksDigits && mayHaveSensitiveDigits(from, to)));
}

/** Index of the first `?` in [from, to), or `to`. */
// @ts-ignore: decorator
@inline
function queryStart(from: usize, to: usize): usize {
  for (let at = from; at < to; at += 16) {
    const mask: u32 = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(63)));
    if (mask == 0) continue;
    const start = at + ctz(mask);
    return start < to ? start : to;
  }
  return to;
}

/** Writes a value with its length in front; index behind it. */
// @ts-ignore: decorator
@inline
function put(target: usize, from: usize, to: usize): usize {
  const start = writeLength(target, to - from);
  copyPlain(start, from, to - from);
  return start + (to - from);
}

// @ts-ignore: decorator
@inline
function isBlankQuote(at: usize): bool {
  return load<u16>(at) == 0x2220;
}

/** The time that was read last, its first and last 16 bytes: many lines are of one second. */
let lastTimeHead: v128 = i8x16.splat(0), lastTimeTail: v128 = i8x16.splat(0), lastTimeNs: i64 = 0;

function readLogTime(from: usize): bool {
  const head = v128.load(from), tail = v128.load(from, 10);
  if (v128.any_true(v128.or(v128.xor(head, lastTimeHead), v128.xor(tail, lastTimeTail)))) {
    if (!parseLogTime(from)) return false;
    lastTimeHead = head;
    lastTimeTail = tail;
    lastTimeNs = timeNs;
  }
  timeNs = lastTimeNs;
  return true;
}

/**
 * Index of the newline of the line at `from`, written as
 * `address ident user [time] "method target HTTP/version" status size ["referer" "agent" ["forwarded"]]`;
 * 0 = TypeScript's, nothing is written that counts.
 */
function walkAccess(row: usize, from: usize): usize {
  const address = ipv4End(from);
  if (address == 0 || load<u8>(address) != 32) return 0;
  const ident = wordCharactersEnd(address + 1);
  if (ident == address + 1 || load<u8>(ident) != 32) return 0;
  const user = wordCharactersEnd(ident + 1);
  if (user == ident + 1 || load<u16>(user) != 0x5b20 || isSensitiveCaller(address, user)) return 0;
  const time = user + 2;
  if (load<u32>(time, 26) << 8 != 0x22205d00 || !readLogTime(time)) return 0;
  const request = time + 29;
  let method = request;
  while (<u32>load<u8>(method) - 65 < 26) method++;
  if (method - request < 2 || method - request > MAX_METHOD_BYTES || load<u16>(method) != 0x2f20) return 0;
  const target = cleanEnd(method + 1, 32);
  if (target == 0 || load<u32>(target) != 0x54544820 || load<u16>(target, 4) != 0x2f50) return 0;
  const version = target + 6;
  let requestEnd = version;
  while (isDigit(load<u8>(requestEnd)) || load<u8>(requestEnd) == 46) requestEnd++;
  if (requestEnd == version || requestEnd - version > MAX_VERSION_BYTES || load<u16>(requestEnd) != 0x2022) return 0;
  const status = requestEnd + 2;
  const kind: u32 = <u32>load<u8>(status) - 48;
  if (kind < 1 || kind > 5 || !isDigit(load<u8>(status, 1)) || !isDigit(load<u8>(status, 2)) || load<u8>(status, 3) != 32) return 0;
  const size = status + 4;
  let sizeEnd = size;
  if (load<u8>(size) == 45) sizeEnd++;
  else while (isDigit(load<u8>(sizeEnd))) sizeEnd++;
  if (sizeEnd == size || (masksDigits && sizeEnd - size > MAX_SIZE_DIGITS)) return 0;
  let end = sizeEnd;
  let referer: usize = 0, agent: usize = 0, forwarded: usize = 0;
  if (load<u8>(sizeEnd) != 10) {
    if (!isBlankQuote(sizeEnd)) return 0;
    referer = cleanEnd(sizeEnd + 2, 34);
    if (referer == 0 || referer == sizeEnd + 2 || !isBlankQuote(referer + 1)) return 0;
    agent = agentEnd(referer + 3);
    if (agent == 0 || agent == referer + 3) return 0;
    end = agent + 1;
    if (load<u8>(end) != 10) {
      if (!isBlankQuote(end)) return 0;
      forwarded = load<u8>(end, 2) == 45 ? end + 3 : ipv4End(end + 2);
      if (forwarded == 0 || load<u16>(forwarded) != 0x0a22) return 0;
      end = forwarded + 1;
    }
  }
  if (end - from > MAX_ACCESS_BYTES) return 0;
  store<u8>(severities + row, kind == 5 ? 17 : kind == 4 ? 13 : 9);
  messageEnd = put(messageEnd, request, requestEnd);
  const keys = entryKeys + (entryCount << 1);
  let out = put(valueEnd, from, address);
  out = put(out, address + 1, ident);
  out = put(out, ident + 1, user);
  out = put(out, request, method);
  out = put(out, method + 1, target);
  let count: usize = PATH;
  // Keys in their order: those in front of PATH, and eight that follow each other.
  v128.store(keys, v128.load(accessKeys));
  const query = queryStart(method + 1, target);
  if (query != target) {
    out = put(out, method + 1, query);
    out = put(out, query + 1, target);
    count = VERSION;
  }
  v128.store(keys + (count << 1), v128.load(accessKeys + (VERSION << 1)));
  out = put(out, version, requestEnd);
  out = put(out, status, status + 3);
  out = put(out, size, sizeEnd);
  count += REFERER - VERSION;
  if (referer != 0) {
    out = put(out, sizeEnd + 2, referer);
    out = put(out, referer + 3, agent);
    count += 2;
    if (forwarded != 0) {
      out = put(out, agent + 3, forwarded);
      count++;
    }
  }
  valueEnd = out;
  entryCount += count;
  return end;
}

// ---- encoding

/**
 * Indexes into a block's dictionary: `count` ids of 16 bits at `ids` become, at `target`, numbers in
 * the order in which the ids first came, of 8 bits when there are at most 256 of them, else of 16.
 * The ids in that order are left at `used`; their number is returned. `table` has 16 bits per id, all 0.
 */
export function narrow(ids: usize, count: usize, target: usize, table: usize, used: usize): usize {
  const end = ids + (count << 1);
  let size: usize = 0;
  for (let at = ids; at < end; at += 2) {
    const id = <usize>load<u16>(at);
    const place = table + (id << 1);
    if (load<u16>(place) != 0) continue;
    store<u16>(used + (size << 1), <u16>id);
    store<u16>(place, <u16>++size);
  }
  if (size <= 256) for (let at = ids, to = target; at < end; at += 2) store<u8>(to++, <u8>(load<u16>(table + (<usize>load<u16>(at) << 1)) - 1));
  else for (let at = ids, to = target; at < end; at += 2, to += 2) store<u16>(to, <u16>(load<u16>(table + (<usize>load<u16>(at) << 1)) - 1));
  for (let index: usize = 0; index < size; index++) store<u16>(table + (<usize>load<u16>(used + (index << 1)) << 1), 0);
  return size;
}

// ---- runs of lines

/** A line that begins with a digit begins a record, so that the one before it has ended (multiline/trace-records.ts). */
// @ts-ignore: decorator
@inline
function isFollowed(newline: usize, limit: usize): bool {
  return newline + 1 < limit && isDigit(load<u8>(newline, 1));
}

/**
 * Takes lines of [from, limit), which ends with a newline, until one is TypeScript's or the block is
 * full. Index after the last line taken. `lane`: 0 JSON of known shapes, 1 access logs, 2 access logs
 * whose lines may be continued: only lines that are followed by the beginning of another.
 */
export function run(from: usize, limit: usize, lane: u32): usize {
  let at = from;
  let row = <usize>load<u32>(state + ROWS);
  messageEnd = load<u32>(state + MESSAGE_END);
  valueEnd = load<u32>(state + VALUE_END);
  entryCount = load<u32>(state + ENTRY_COUNT);
  masksDigits = load<u32>(state + MASKS_DIGITS) != 0;
  masksWords = load<u32>(state + MASKS_WORDS) != 0;
  const service = load<u16>(state + SERVICE), host = load<u16>(state + HOST), environment = load<u16>(state + ENVIRONMENT);
  const sharedCount = <usize>load<u32>(state + SHARED_COUNT), sharedFrom = <usize>load<u32>(state + SHARED_FROM), sharedLength = <usize>load<u32>(state + SHARED_LENGTH);
  const maxRows = <usize>load<u32>(state + MAX_ROWS), maxEntryCount = <usize>load<u32>(state + MAX_ENTRY_COUNT), maxLine = <usize>load<u32>(state + MAX_LINE);
  const fullMessages = <usize>load<u32>(state + FULL_MESSAGES), fullValues = <usize>load<u32>(state + FULL_VALUES);
  const observedNs = load<i64>(state + OBSERVED);
  let firstNs = load<i64>(state + FIRST_NS), lastNs = load<i64>(state + LAST_NS);
  const sharedHasNeedle = masksWords && hasNeedle(sharedFrom, sharedFrom + sharedLength);
  const zero = i8x16.splat(0);
  while (at < limit && row < maxRows && messageEnd <= fullMessages && valueEnd <= fullValues && entryCount <= maxEntryCount) {
    const messageStart = messageEnd, valueStart = valueEnd, entryStart = entryCount;
    const messageHitCount = load<u32>(state + MESSAGE_HITS), valueHitCount = load<u32>(state + VALUE_HITS);
    timeNs = observedNs;
    store<u16>(serviceIds + (row << 1), service);
    store<u16>(hostIds + (row << 1), host);
    store<u16>(environmentIds + (row << 1), environment);
    store<u8>(severities + row, 0);
    v128.store(traceIds + (row << 4), zero);
    store<u64>(spanIds + (row << 3), 0);
    const newline = lane == 0 ? walk(row, at) : walkAccess(row, at);
    if (newline == 0 || newline - at > maxLine || (lane == 2 && !isFollowed(newline, limit))) {
      messageEnd = messageStart;
      valueEnd = valueStart;
      entryCount = entryStart;
      store<u32>(state + MESSAGE_HITS, messageHitCount);
      store<u32>(state + VALUE_HITS, valueHitCount);
      break;
    }
    for (let index: usize = 0; index < sharedCount; index++) store<u16>(entryKeys + ((entryCount + index) << 1), load<u16>(sharedKeys + (index << 1)));
    entryCount += sharedCount;
    for (let done: usize = 0; done < sharedLength; done += 16) v128.store(valueEnd + done, v128.load(sharedFrom + done));
    if (sharedHasNeedle) look(VALUE_HITS, valueEnd, valueEnd + sharedLength);
    valueEnd += sharedLength;
    if (messageEnd == messageStart) store<u8>(messageEnd++, 0);
    store<u32>(entryEnds + (row << 3), <u32>entryCount);
    store<i64>(timestamps + (row << 3), timeNs);
    store<i64>(observed + (row << 3), observedNs);
    if (timeNs < firstNs) firstNs = timeNs;
    if (timeNs > lastNs) lastNs = timeNs;
    row++;
    at = newline + 1;
  }
  store<u32>(state + ROWS, <u32>row);
  store<u32>(state + MESSAGE_END, <u32>messageEnd);
  store<u32>(state + VALUE_END, <u32>valueEnd);
  store<u32>(state + ENTRY_COUNT, <u32>entryCount);
  store<i64>(state + FIRST_NS, firstNs);
  store<i64>(state + LAST_NS, lastNs);
  return at;
}
