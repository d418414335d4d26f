import { describe, expect, it } from "vitest";
import { compileGlobs } from "./globs.ts";

describe("compileGlobs", () => {
  const filter = compileGlobs(["/var/log/**/*.log", "/var/log/syslog", "/srv/*/logs/*.txt"], ["/var/log/secret/**", "**/*.audit.log"]);

  it("names the folders to watch", () => {
    expect(filter.bases).toEqual(["/srv", "/var/log"]);
  });

  it.each([
    ["/var/log/a.log", true],
    ["/var/log/deep/er/a.log", true],
    ["/var/log/syslog", true],
    ["/var/log/syslog.1", false],
    ["/var/log/a.log.1", false],
    ["/var/log/a.log.gz", false],
    ["/var/log/secret/a.log", false],
    ["/var/log/x/a.audit.log", false],
    ["/srv/shop/logs/a.txt", true],
    ["/srv/shop/logs/deeper/a.txt", false],
    ["/var/log/.hidden.log", false],
  ])("wants %s: %s", (path, wanted) => {
    expect(filter.wants(path)).toBe(wanted);
  });

  it.each([
    ["/var", true],
    ["/var/log", true],
    ["/var/log/any/depth", true],
    ["/var/log/secret/x", false],
    ["/srv/shop", true],
    ["/srv/shop/logs", true],
    ["/srv/shop/logs/deeper", false],
    ["/etc", false],
  ])("looks into %s: %s", (folder, held) => {
    expect(filter.mayHold(folder)).toBe(held);
  });

  it("leaves compressed rotations out even where a glob takes everything", () => {
    const all = compileGlobs(["/x/app.log*"], []);
    expect(["/x/app.log", "/x/app.log.1", "/x/app.log.2.gz", "/x/app.log.3.zst"].map((path) => all.wants(path))).toEqual([true, true, false, false]);
  });

  it("takes relative patterns from the working folder", () => {
    const relative = compileGlobs(["./logs/*.log"], []);
    expect(relative.bases).toEqual([`${process.cwd()}/logs`]);
    expect(relative.wants(`${process.cwd()}/logs/a.log`)).toBe(true);
  });
});
