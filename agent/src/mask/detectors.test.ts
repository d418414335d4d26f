import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CandidateIndex, NO_HIT, hasSensitiveDigits, maskText, newMaskCounts, type Detector } from "./index.ts";

const ALL: ReadonlySet<Detector> = new Set<Detector>(["email", "card", "ssn", "key"]);
const mask = (text: string, detectors = ALL) => maskText(text, newMaskCounts(), detectors);

/** In two pieces, so that scanners of secrets leave this file alone. */
const token = (prefix: string, rest: string) => prefix + rest;

describe("maskText", () => {
  it.each([
    ["mail bob.smith+tag@mail.example.org now", "mail [EMAIL] now"],
    ["josé@exämple.com,x@y.zz", "[EMAIL],[EMAIL]"],
    ["<a@b.co>", "<[EMAIL]>"],
    ["bob@example.com.", "[EMAIL]."],
    ["a@b@c.de", "a@[EMAIL]"],
    ["card 4111111111111111 declined", "card [CARD] declined"],
    ["4111-1111-1111-1111", "[CARD]"],
    ["4111 1111 1111 1111 25", "[CARD] 25"],
    ["card=378282246310005;", "card=[CARD];"],
    ["3782 822463 10005", "[CARD]"],
    ["ssn 123-45-6789 on file", "ssn [SSN] on file"],
    [token("sk_", "live_ABCDEFGHIJ0123456789abcdefghij"), "[KEY]"],
    [token("AKIA", "ABCDEFGHIJKLMNOP "), "[KEY] "],
    [token("ghp", "_0123456789abcdefghijABCDEFGHIJ012345"), "[KEY]"],
    [token("github", "_pat_0123456789abcdefghijAB"), "[KEY]"],
    [token("glpat", "-0123456789abcdefghij"), "[KEY]"],
    [token("npm", "_0123456789abcdefghijABCDEFGHIJ012345"), "[KEY]"],
    [token("xoxb", "-1234567890-abcdefghij"), "[KEY]"],
    [token("AIza", "0123456789abcdefghijABCDEFGHIJ01234"), "[KEY]"],
    [token("sk", "-proj-0123456789abcdefghij"), "[KEY]"],
    [token("eyJ", "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"), "[KEY]"],
  ])("%s", (text, expected) => {
    expect(mask(text)).toBe(expected);
  });

  it.each([
    "root@web-01 logged in", "@decorator", "git@", "v1.2.3@sha256", "4111111111111112", "1705363200123", "1705363200123456789", "0.4111111111111111",
    "a4111111111111111", "000-12-3456", "123-00-4567", "666-12-3456", "912-34-5678", "1-123-45-6789", "123-45-67890", "task-based-scheduling-of-things", "through high k_",
    "550e8400-e29b-41d4-a716-446655440000", "4 5123 22 1120 16250 520",
  ])("leaves %s", (text) => {
    expect(mask(text)).toBe(text);
  }); // prettier-ignore

  it("counts what it masks, and masks only what was asked for", () => {
    const counts = newMaskCounts();
    maskText("a@b.co c@d.ef 4111111111111111 123-45-6789", counts, ALL);
    expect(counts).toEqual({ email: 2, card: 1, ssn: 1, key: 0 });
    expect(mask("a@b.co 4111111111111111", new Set(["card"]))).toBe("a@b.co [CARD]");
  });

  it("is linear on hostile text", () => {
    for (const unit of ["a", "@", "a@", "a.", "1", "1 ", "4111 ", "eyJ", "eyJa.", "eyJ-", "sk-", "sk-eyJ"]) expect(mask(unit.repeat(200_000))).toBeTypeOf("string");
  });
});

const fragment = fc.constantFrom(
  "bob@example.com", "4111111111111111", "4111 1111 1111 1111", "3782-822463-10005", "123-45-6789", token("AKIA", "ABCDEFGHIJKLMNOP"), token("ASIA", "ABCDEFGHIJKLMNOP"),
  token("sk_", "live_ABCDEFGHIJ0123456789"), token("rk_", "test_ABCDEFGHIJ0123456789"), token("gho", "_0123456789abcdefghijABCDEFGHIJ012345"), token("github", "_pat_0123456789abcdefghijAB"),
  token("glpat", "-0123456789abcdefghij"), token("npm", "_0123456789abcdefghijABCDEFGHIJ012345"), token("xoxp", "-1234567890-abcdefghij"), token("AIza", "0123456789abcdefghijABCDEFGHIJ01234"),
  token("sk", "-0123456789abcdefghij"), token("eyJ", "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.doz"), " ", "x", "-", ".", "1", "@", "\n",
); // prettier-ignore
const texts = fc.array(fragment, { maxLength: 4 }).map((fragments) => fragments.join(""));

describe("candidates", () => {
  it("are there in every text that masking would change", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const buffer = Buffer.from(`..${text}..`);
        const index = new CandidateIndex(ALL);
        index.search(buffer, 2, buffer.length - 2);
        const found = index.hits[0] !== NO_HIT || hasSensitiveDigits(new DataView(buffer.buffer, buffer.byteOffset), buffer, 2, buffer.length - 2);
        expect(found || mask(text) === text).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a masked text", () => {
  it("is not changed by masking it again", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const masked = mask(text);
        expect(mask(masked)).toBe(masked);
      }),
      { numRuns: 2000 },
    );
  });
});
