import { describe, expect, it } from "vitest";
import { prometheusSchema } from "../../config/metric-sources.ts";
import { compileRelabel } from "./relabel.ts";

/** As a file would have them. */
const steps = (configs: readonly Record<string, unknown>[]) => compileRelabel(prometheusSchema.parse({ scrape_configs: [{ job_name: "j", relabel_configs: configs }] }).scrape_configs[0]!.relabel_configs);

const relabelled = (labels: Record<string, string>, ...configs: Record<string, unknown>[]): Record<string, string> | "dropped" => {
  const map = new Map(Object.entries(labels));
  return steps(configs)(map) ? Object.fromEntries(map) : "dropped";
};

const abc = { a: "foo", b: "bar", c: "baz" };

describe("relabelling", () => {
  it.each<[string, Record<string, unknown>, Record<string, string> | "dropped"]>([
    ["replaces by a group", { source_labels: ["a"], regex: "f(.*)", target_label: "d", replacement: "ch${1}-ch${1}" }, { ...abc, d: "choo-choo" }],
    ["joins values", { source_labels: ["a", "b"], regex: "f(.*);(.*)r", target_label: "a", replacement: "b${1}${2}m" }, { ...abc, a: "boobam" }],
    ["joins with a separator", { source_labels: ["a", "x", "b"], separator: "/", target_label: "d" }, { ...abc, d: "foo//bar" }],
    ["matches whole values only", { source_labels: ["a"], regex: "oo", target_label: "d" }, abc],
    ["takes named groups", { source_labels: ["a"], regex: "(?P<first>.).*", target_label: "d", replacement: "$first!" }, { ...abc, d: "f!" }],
    ["reads $1x as a name, as Go does", { source_labels: ["a"], target_label: "d", replacement: "-$1x-$9-" }, { ...abc, d: "---" }],
    ["writes dollar signs", { source_labels: ["a"], target_label: "d", replacement: "$$1" }, { ...abc, d: "$1" }],
    ["removes a label by an empty value", { source_labels: ["x"], target_label: "a" }, { b: "bar", c: "baz" }],
    ["makes names from values", { source_labels: ["a"], target_label: "__$1", replacement: "x" }, { ...abc, __foo: "x" }],
    ["leaves out names that are none", { source_labels: ["a"], target_label: "1$1", replacement: "x" }, abc],
    ["matches line breaks and case as told", { source_labels: ["a"], regex: "(?i)FOO", target_label: "d", replacement: "yes" }, { ...abc, d: "yes" }],
    ["keeps", { source_labels: ["a"], regex: "foo|bar", action: "keep" }, abc],
    ["does not keep", { source_labels: ["x"], regex: "no", action: "keep" }, "dropped"],
    ["drops", { source_labels: ["a"], regex: ".*o.*", action: "drop" }, "dropped"],
    ["does not drop", { source_labels: ["a"], regex: "f|o", action: "drop" }, abc],
    ["keeps equals", { source_labels: ["a"], target_label: "b", action: "keepequal" }, "dropped"],
    ["drops equals", { source_labels: ["a"], target_label: "a", action: "dropequal" }, "dropped"],
    ["maps names", { regex: "([ab])", action: "labelmap", replacement: "my_${1}" }, { ...abc, my_a: "foo", my_b: "bar" }],
    ["drops names", { regex: "[ab]", action: "labeldrop" }, { c: "baz" }],
    ["keeps names", { regex: "[ab]", action: "labelkeep" }, { a: "foo", b: "bar" }],
    ["writes lower case", { source_labels: ["a"], target_label: "b", action: "Uppercase" }, { ...abc, b: "FOO" }],
    // The last 8 bytes of md5("baz"), big-endian, modulo 1000.
    ["hashes", { source_labels: ["c"], target_label: "d", action: "hashmod", modulus: 1000 }, { ...abc, d: "976" }],
  ])("%s", (_name, config, expected) => expect(relabelled(abc, config)).toEqual(expected));

  it("is done in order, and ends where something is dropped", () => {
    expect(relabelled(abc, { source_labels: ["a"], target_label: "d" }, { source_labels: ["d"], regex: "foo", action: "keep" }, { action: "labelkeep", regex: "d" })).toEqual({ d: "foo" });
    expect(relabelled(abc, { source_labels: ["a"], regex: "foo", action: "drop" }, { action: "labelkeep", regex: "d" })).toBe("dropped");
  });

  it.each([
    [{ action: "replaces" }, "action"],
    [{ action: "replace" }, "needs target_label"],
    [{ action: "hashmod", source_labels: ["a"], target_label: "b" }, "needs modulus"],
    [{ action: "keep" }, "needs source_labels"],
    [{ action: "labeldrop", regex: "(?=a)" }, "not an RE2 expression"],
  ])("refuses %j", (config, message) => expect(() => steps([config])).toThrow(message));
});
