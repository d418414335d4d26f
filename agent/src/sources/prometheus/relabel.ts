/**
 * Relabelling, as Prometheus' model/relabel defines it:
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
 */

import { createHash } from "node:crypto";
import { RE2JS } from "re2js";
import type { RelabelConfig } from "../../config/metric-sources.ts";

export type Labels = Map<string, string>;

/** Changes the labels; false = what they belong to is dropped. */
export type Relabel = (labels: Labels) => boolean;

/** Expressions are RE2, anchored at both ends: linear in time, whatever a page holds. */
export const compileRelabel = (configs: readonly RelabelConfig[]): Relabel => {
  const steps = configs.map(compileStep);
  return (labels) => steps.every((step) => step(labels));
};

const compileStep = (config: RelabelConfig): Relabel => {
  const { action, source_labels: sources, separator, target_label: target = "", replacement, modulus = 1 } = config;
  const regex = RE2JS.compile(`^(?s:${config.regex})$`);
  const isMatch = (text: string): boolean => regex.matcher(text).matches();
  const valueOf = (labels: Labels): string => sources.map((name) => labels.get(name) ?? "").join(separator);
  switch (action) {
    case "keep":
      return (labels) => isMatch(valueOf(labels));
    case "drop":
      return (labels) => !isMatch(valueOf(labels));
    case "keepequal":
      return (labels) => (labels.get(target) ?? "") === valueOf(labels);
    case "dropequal":
      return (labels) => (labels.get(target) ?? "") !== valueOf(labels);
    case "lowercase":
      return (labels) => setLabel(labels, target, valueOf(labels).toLowerCase());
    case "uppercase":
      return (labels) => setLabel(labels, target, valueOf(labels).toUpperCase());
    case "hashmod":
      return (labels) => setLabel(labels, target, String(hashOf(valueOf(labels)) % BigInt(modulus)));
    case "labelmap":
      return (labels) => {
        const before = new Map(labels);
        for (const [name, value] of before) {
          const mapped = replaced(regex, name, replacement);
          if (mapped !== undefined) setLabel(labels, mapped, value);
        }
        return true;
      };
    case "labeldrop":
    case "labelkeep":
      return (labels) => {
        for (const name of labels.keys()) if (isMatch(name) === (action === "labeldrop")) labels.delete(name);
        return true;
      };
    case "replace":
      return (labels) => {
        const value = valueOf(labels);
        const name = replaced(regex, value, target);
        return name === undefined || !LABEL_NAME.test(name) || setLabel(labels, name, replaced(regex, value, replacement)!);
      };
  }
};

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** A label without a value is none. */
const setLabel = (labels: Labels, name: string, value: string): true => {
  if (value === "") labels.delete(name);
  else labels.set(name, value);
  return true;
};

const REFERENCE = /\$(?:(\$)|\{(\w+)\}|(\w+))/g;

/** The template with what the groups hold, as Go's Regexp.Expand writes it; undefined without a match. */
const replaced = (regex: RE2JS, text: string, template: string): string | undefined => {
  const match = regex.matcher(text);
  if (!match.matches()) return undefined;
  if (!template.includes("$")) return template;
  const names = regex.namedGroups() as Readonly<Record<string, number>>;
  return template.replace(REFERENCE, (_whole, dollar: string | undefined, braced: string | undefined, plain: string | undefined) => {
    if (dollar) return "$";
    const name = (braced ?? plain)!;
    const group = /^\d+$/.test(name) ? Number(name) : names[name];
    return group !== undefined && group <= match.groupCount() ? (match.group(group) ?? "") : "";
  });
};

/** Last 8 bytes of the MD5, as Prometheus takes them. */
const hashOf = (text: string): bigint => createHash("md5").update(text).digest().readBigUInt64BE(8);
