import { expect, it } from "vitest";
import { parseMatcher } from "./matchers.ts";

it.each([
  ["host:web-01", { label: "host", value: "web-01", equal: true }],
  ["host!:web-01", { label: "host", value: "web-01", equal: false }],
  ["host:a:b!:c", { label: "host", value: "a:b!:c", equal: true }],
  ["host:", { label: "host", value: "", equal: true }],
  ["k8s.pod/name:x\ny", { label: "k8s.pod/name", value: "x\ny", equal: true }],
])("%j", (text, matcher) => expect(parseMatcher(text)).toEqual(matcher));

it.each(["", "host", ":x", "!:x", "host!x"])("%j is none", (text) => expect(parseMatcher(text)).toBeUndefined());
