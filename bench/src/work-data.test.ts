import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generateWork, KNOWN_SHA256, writeWork } from "./work-data.ts";

const WORKS = [
  { kind: "app", generator: "gen_app.py", lines: 2503, bytes: 1048898, figures: { sensitive: { email: 27, card: 7, ssn: 6, key: 2 } } },
  { kind: "nginx", generator: "gen_nginx.py", lines: 5751, bytes: 1048605, figures: { written: { methods: { GET: 3395, HEAD: 1184, POST: 1172 }, users: 282, bodyBytes: 582740639 } } },
] as const;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "obs-work-data-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.each(WORKS)("the $kind log", ({ kind, generator, lines, bytes, figures }) => {
  it(`is byte for byte what ${generator} writes`, () => {
    const { check, ...data } = generateWork(kind, 1, () => undefined);
    expect(data).toMatchObject({ lines, bytes, sha256: KNOWN_SHA256[kind][1] });
    expect(check().figures()).toMatchObject(figures);
  });

  it("is the same in several files of whole lines", () => {
    const paths = ["a.log", "b.log", "c.log"].map((name) => join(folder, name));
    const data = writeWork(kind, 1, paths);
    const parts = paths.map((path) => readFileSync(path, "latin1"));
    for (const part of parts) {
      expect(part.endsWith("\n")).toBe(true);
      expect(part.length).toBeGreaterThan(200_000);
    }
    expect(parts.join("").split("\n")).toHaveLength(data.lines + 1);
    expect(parts.join("")).toHaveLength(data.bytes);
  });
});

it("levels of the application log are counted", () => {
  let text = "";
  const { debugLines } = generateWork("app", 0.2, (chunk) => (text += chunk.toString("latin1")));
  const levels = text.trimEnd().split("\n").map((line) => (JSON.parse(line) as { level: string }).level);
  expect(levels.filter((level) => level === "DEBUG")).toHaveLength(debugLines);
});

describe("AccessCheck", () => {
  it("holds for the fields of all lines, and not when one was not parsed", () => {
    const lines: string[] = [];
    const data = generateWork("nginx", 0.01, (chunk) => lines.push(...chunk.toString("latin1").trimEnd().split("\n")));
    const whole = data.check();
    const broken = data.check();
    lines.forEach((line, index) => {
      const [, user, method, status, size] = /^\S+ - (\S+) \[[^\]]+\] "(\S+) [^"]*" (\d+) (\d+) /.exec(line)!;
      const second = Number(/:(\d\d) \+0000/.exec(line)![1]);
      const attributes = { "user.name": user!, "http.request.method": method!, "http.response.status_code": status!, "http.response.body.size": size! };
      const timestamp = BigInt(Date.UTC(2024, 5, 7, 10, 0, second)) * 1_000_000n;
      whole.look(1, { attributes: [attributes], timestamp: [timestamp] });
      broken.look(1, { attributes: [index === 0 ? {} : attributes], timestamp: [timestamp] });
    });
    expect(whole.holds()).toBe(true);
    expect(broken.holds()).toBe(false);
  });
});
