import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { configSchema } from "./config/schema.ts";
import { findSources } from "./found-sources.ts";

const found = (file: Record<string, unknown>) => findSources(configSchema.parse(file));

describe("sources found on this host", () => {
  it("are those that are switched on, whatever else is configured", () => {
    const all = { enabled: true };
    expect(found({ files: [{ include: ["/x"] }], journald: all, docker: all, kubernetes: all })).toEqual({ journald: true, docker: true, kubernetes: true, filesReadElsewhere: [] });
  });

  it("are none where files are configured and nothing else is", () => {
    const folder = mkdtempSync(join(tmpdir(), "obs-found-"));
    mkdirSync(join(folder, "containers"));
    try {
      expect(found({ files: [{ include: ["/x"] }], docker: { root: folder } })).toEqual({ journald: false, docker: false, kubernetes: false, filesReadElsewhere: [] });
      expect(found({ docker: { root: folder } })).toMatchObject({ docker: true });
      expect(found({ docker: { root: "/nowhere", socket: "/nowhere" } })).toMatchObject({ docker: false });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("are not read twice: files that others write from the journal, and pods' logs", () => {
    const off = { enabled: "false" };
    expect((found({ journald: { enabled: "true" }, docker: off, kubernetes: off })).filesReadElsewhere).toEqual(expect.arrayContaining(["/var/log/syslog", "/var/log/messages", expect.stringContaining("auth")]));
    expect((found({ journald: off, docker: off, kubernetes: { enabled: true } })).filesReadElsewhere).toEqual(["/var/log/pods/**", "/var/log/containers/**"]);
    expect((found({ journald: off, docker: off, kubernetes: off })).filesReadElsewhere).toEqual([]);
  });
});
