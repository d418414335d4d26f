import { describe, expect, it } from "vitest";
import { ConfigError, OPTIONS, readConfig } from "./config.ts";

const faultsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
};

describe("readConfig", () => {
  it("needs nothing, and answers this machine only", () => {
    expect(readConfig({})).toMatchObject({ host: "127.0.0.1", port: 8080, storeMaxBytes: 10 * 1024 ** 3, clickhouseUrl: undefined, localAgent: true, trustProxy: [] });
  });

  it("takes an empty variable for one that is not set", () => {
    expect(readConfig({ OBS_PORT: "", OBS_CLICKHOUSE_URL: "" })).toMatchObject({ port: 8080, clickhouseUrl: undefined });
  });

  it.each([
    ["1024", 1024],
    ["512MB", 512 * 1024 ** 2],
    ["1.5GB", 1.5 * 1024 ** 3],
    ["0", 0],
  ])("reads the size %s", (text, bytes) => expect(readConfig({ OBS_STORE_MAX_BYTES: text }).storeMaxBytes).toBe(bytes));

  it.each([
    ["OBS_PORT", "http"],
    ["OBS_PORT", "65536"],
    ["OBS_STORE_MAX_BYTES", "10 gigs"],
    ["OBS_CLICKHOUSE_URL", "clickhouse:8123"],
    ["OBS_METADATA_URL", "mysql://db/obs"],
    ["OBS_LOG_LEVEL", "loud"],
    ["OBS_LOCAL_AGENT", "yes"],
    ["OBS_INGEST_MAX_ITEMS", "0"],
  ])("refuses %s=%s by name", (variable, value) => {
    const [fault, ...more] = faultsOf({ [variable]: value });
    expect(fault).toMatch(new RegExp(`^${variable}: must be `));
    expect(more).toEqual([]);
  });

  it("tells all faults at once, and no value, which may be a password", () => {
    const faults = faultsOf({ OBS_PORT: "x", OBS_METADATA_URL: "secret-without-protocol" });
    expect(faults).toHaveLength(2);
    expect(faults.join()).not.toContain("secret");
  });

  it.each(Object.entries(OPTIONS))("has an example of %s that is valid", (_name, { variable, example }) => {
    expect(faultsOf({ [variable]: example })).toEqual([]);
  });
});
