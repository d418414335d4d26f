/**
 * What must not leave this host in a support bundle. Two nets, each enough by itself: options are
 * blotted out by their names before anything is written, and every secret that is known by value
 * (configuration, key files, environment) is looked for in all of the text, with the agent's own
 * detectors for personal data and well-known keys.
 */

import { isMap, isScalar, isSeq, parseDocument, stringify } from "yaml";
import { maskText, newMaskCounts } from "../mask/index.ts";

export const REDACTED = "[redacted]";

/** Names of options, variables and headers whose value is a secret. */
const SECRET_NAME = /key|token|secret|passw|passphrase|pwd|authorization|credential|cookie|headers|dsn|signature|salt|^env$/i;
/** Names that only say where a secret lies, or are about other keys. */
const NO_SECRET_NAME = /(?:_file|_path|_name|_env)$/i;
const REFERENCE_ONLY = /^(?:\$\{[A-Za-z_][A-Za-z0-9_]*\})+$/;
/** Shorter ones would blot out half of the text. */
const SHORTEST_SECRET = 6;

export const isSecretName = (name: string): boolean => SECRET_NAME.test(name) && !NO_SECRET_NAME.test(name);

const URL_USER = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi;
const URL_SECRET = /([?&][\w.-]*(?:key|token|secret|passw|sig)[\w.-]*=)[^&\s"']+/gi;
const HEADER_SECRET = /\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi;
const OWN_KEY = /\bobs_[A-Za-z0-9_-]{6,}/g;
const ALL_DETECTORS = new Set(["email", "card", "ssn", "key"] as const);
/** Names of metrics begin as our keys do. */
const isMetricName = (text: string): boolean => /^obs_[a-z_]+$/.test(text);

export const redactText = (text: string, secrets: Iterable<string>): string => {
  let redacted = text;
  for (const secret of [...secrets].filter(({ length }) => length >= SHORTEST_SECRET).sort((one, other) => other.length - one.length)) {
    redacted = redacted.replaceAll(secret, REDACTED).replaceAll(JSON.stringify(secret).slice(1, -1), REDACTED);
  }
  redacted = redacted
    .replace(URL_USER, `$1${REDACTED}@`)
    .replace(URL_SECRET, `$1${REDACTED}`)
    .replace(HEADER_SECRET, `$1 ${REDACTED}`)
    .replace(OWN_KEY, (found) => (isMetricName(found) ? found : REDACTED));
  return maskText(redacted, newMaskCounts(), ALL_DETECTORS);
};

const textsIn = (value: unknown): string[] => {
  if (typeof value === "string" || typeof value === "number") return [String(value)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
};

/** Values under secret names, at any depth. */
export const secretsIn = (value: unknown): string[] =>
  typeof value !== "object" || value === null ? [] : Object.entries(value).flatMap(([name, inner]) => (isSecretName(name) ? textsIn(inner) : secretsIn(inner)));

/** Values under names that say where a secret lies, such as `api_key_file`. */
export const secretFilesIn = (value: unknown): string[] =>
  typeof value !== "object" || value === null
    ? []
    : Object.entries(value).flatMap(([name, inner]) => (/_(?:file|path)$/i.test(name) && SECRET_NAME.test(name) && typeof inner === "string" ? [inner] : secretFilesIn(inner)));

const blot = (node: unknown, hidden: boolean): unknown => {
  if (isMap(node)) return Object.fromEntries(node.items.map(({ key, value }) => [String(isScalar(key) ? key.value : key), blot(value, hidden || isSecretName(String(isScalar(key) ? key.value : key)))]));
  if (isSeq(node)) return node.items.map((item) => blot(item, hidden));
  if (!isScalar(node)) return node === null ? null : REDACTED;
  return hidden && !REFERENCE_ONLY.test(String(node.value)) ? REDACTED : node.value;
};

/** A configuration file without its comments and secrets; one that is no YAML is not shown at all. */
export const redactYaml = (text: string): string => {
  const document = parseDocument(text);
  if (document.errors.length > 0) return "# not shown: this file is no YAML, so that secrets in it cannot be told\n";
  return stringify(blot(document.contents, false), { lineWidth: 0 });
};
