/**
 * What is masked before anything is keyed, logged or written to disk, and how it looks. Every
 * detector has needles or a shape that candidates.ts can look for in bytes: a text that none of
 * those hits is never changed here (tested).
 */

export type Detector = "email" | "card" | "ssn" | "key";

export const MASK_LABELS: Readonly<Record<Detector, string>> = {
  email: "[EMAIL]",
  card: "[CARD]",
  ssn: "[SSN]",
  key: "[KEY]",
};

/**
 * Tokens of well-known services, by their published prefixes; what follows one directly goes with
 * it. Only the parts of a web token are bounded: they could be tried again from within.
 */
const KEYS = new RegExp(
  [
    "(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])", // AWS access key ids
    "AIza[\\w-]{35,}", // Google
    "[spr]k_(?:live|test)_[A-Za-z0-9]{10,}", // Stripe
    "sk-[\\w-]{20,}", // OpenAI and others of that form
    "gh[pousr]_[A-Za-z0-9]{36,}", // GitHub
    "github_pat_\\w{22,}",
    "glpat-[\\w-]{20,}", // GitLab
    "npm_[A-Za-z0-9]{36,}",
    "xox[abeoprs]-[\\w-]{10,}", // Slack
    "(?<![_-])eyJ[\\w-]{8,}\\.[\\w-]{8,}\\.[\\w-]*", // JSON Web Tokens, whole: none begins within another
  ]
    .map((pattern) => `(?<![A-Za-z0-9])${pattern}`)
    .join("|"),
  "g",
);

/** 12-19 digits in one run, or in the groups that are printed on cards, with one kind of separator. */
const CARD =
  /(?<![A-Za-z0-9]|\d[.])(?:\d{12,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?|\d{4}([ -])\d{6}\2\d{4,5})(?![A-Za-z0-9]|[.]\d)/g;

/** Area 000, 666 and 9xx, group 00 and serial 0000 are never given out (SSA). */
const SSN = /(?<![A-Za-z0-9-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![A-Za-z0-9-])/g;

/** ISO/IEC 7812 number ranges in use, with the lengths that each issues. */
const ISSUERS: readonly { readonly prefix: RegExp; readonly lengths: readonly number[] }[] = [
  { prefix: /^4/, lengths: [13, 16, 19] },
  { prefix: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16] },
  { prefix: /^3[47]/, lengths: [15] },
  { prefix: /^(?:6011|64[4-9]|65|62|60|8[12])/, lengths: [16, 17, 18, 19] },
  { prefix: /^(?:30[0-5]|3095|36|38|39)/, lengths: [14, 16] },
  { prefix: /^35(?:2[89]|[3-8])/, lengths: [16, 17, 18, 19] },
  { prefix: /^(?:50|5[6-9]|6)/, lengths: [12, 13, 14, 15, 16, 17, 18, 19] },
];

const passesLuhn = (digits: string): boolean => {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    const weighted = index % 2 === 1 ? digit * 2 : digit;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
};

const isCard = (text: string): boolean => {
  const digits = text.replaceAll(/[ -]/g, "");
  return ISSUERS.some(({ prefix, lengths }) => lengths.includes(digits.length) && prefix.test(digits)) && passesLuhn(digits);
};

/** A card number, whole or with a last group that only happens to follow it; else unchanged. */
const maskCard = (text: string): string => {
  if (isCard(text)) return MASK_LABELS.card;
  const lastGroup = Math.max(text.lastIndexOf(" "), text.lastIndexOf("-"));
  if (lastGroup > 0 && isCard(text.slice(0, lastGroup))) return MASK_LABELS.card + text.slice(lastGroup);
  return text;
};

const isLetterOrDigit = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code >= 0x80;
const isLocalPart = (code: number): boolean => isLetterOrDigit(code) || code === 46 || code === 95 || code === 37 || code === 43 || code === 45;

/** Longest local part and domain (RFC 5321, 4.5.3.1). */
const MAX_LOCAL_PART = 64;
const MAX_DOMAIN = 255;

/** End of the domain that starts at `from`, or -1: labels joined by dots, the last of 2 letters or more. */
const domainEnd = (text: string, from: number): number => {
  let at = from;
  let end = -1;
  let labelStart = from;
  const limit = Math.min(text.length, from + MAX_DOMAIN);
  for (; at <= limit; at++) {
    const code = at < limit ? text.charCodeAt(at) : 0;
    if (isLetterOrDigit(code) || (code === 45 && at > labelStart)) continue;
    const endsInLetters = at - labelStart >= 2 && !/[\d-]/.test(text.slice(at - 2, at));
    if (labelStart > from && endsInLetters) end = at;
    if (code !== 46 || at === labelStart) break;
    labelStart = at + 1;
  }
  return end;
};

/** By hand instead of by a regular expression: linear whatever the text is. */
const maskEmails = (text: string, found: () => void): string => {
  let result = "";
  let done = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    let start = at;
    while (start > done && at - start < MAX_LOCAL_PART && isLocalPart(text.charCodeAt(start - 1))) start--;
    if (start === at) continue;
    const end = domainEnd(text, at + 1);
    if (end < 0) continue;
    found();
    result += text.slice(done, start) + MASK_LABELS.email;
    done = end;
  }
  return done === 0 ? text : result + text.slice(done);
};

export type MaskCounts = Record<Detector, number>;

export const newMaskCounts = (): MaskCounts => ({ email: 0, card: 0, ssn: 0, key: 0 });

/**
 * The text with everything that the chosen detectors find replaced by its label, and counted.
 * Doing it again changes nothing (tested), so a text may pass through here twice.
 */
export const maskText = (text: string, counts: MaskCounts, detectors: ReadonlySet<Detector>): string => {
  let masked = text;
  if (detectors.has("key"))
    masked = masked.replace(KEYS, () => {
      counts.key++;
      return MASK_LABELS.key;
    });
  if (detectors.has("email")) masked = maskEmails(masked, () => counts.email++);
  if (detectors.has("ssn"))
    masked = masked.replace(SSN, () => {
      counts.ssn++;
      return MASK_LABELS.ssn;
    });
  if (detectors.has("card"))
    masked = masked.replace(CARD, (candidate) => {
      const replaced = maskCard(candidate);
      if (replaced !== candidate) counts.card++;
      return replaced;
    });
  return masked;
};

/** Masks texts outside the row pass, such as labels of metrics. */
export const createMask = ({ enabled, detectors }: { readonly enabled: boolean; readonly detectors: readonly Detector[] }): ((text: string) => string) => {
  const chosen = new Set(detectors);
  const counts = newMaskCounts();
  return enabled ? (text) => maskText(text, counts, chosen) : (text) => text;
};
