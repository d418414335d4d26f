import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TenantPolicy } from "../core/contracts.ts";
import type { ApiError } from "../errors.ts";
import { createIngestLimits } from "./ingest-limits.ts";

const policy = (tenant: string, rowsPerMinute = 100, bytesPerMinute = 10_000): TenantPolicy => ({
  tenant,
  version: 1,
  retentionDays: { logs: 1, samples: 1 },
  maxFutureMs: 0,
  limits: { rowsPerMinute, bytesPerMinute },
  queryLimits: { atOnce: 8, seconds: 60, memoryBytes: null, rows: null },
});

const refused = async (taking: Promise<void>): Promise<ApiError | undefined> =>
  taking.then(
    () => undefined,
    (error: ApiError) => error,
  );

describe("createIngestLimits", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("lets rows through up to the limit, then says when to come again", async () => {
    const limits = createIngestLimits();
    await limits.takeTenant(policy("acme"), { rows: 100, bytes: 1 });
    const refusal = await refused(limits.takeTenant(policy("acme"), { rows: 1, bytes: 1 }));
    expect(refusal).toMatchObject({ code: "rate_limited", status: 429, details: { limit: 100, unit: "rows" } });
    expect(refusal!.retryAfterSeconds).toBeGreaterThanOrEqual(1);
    expect(refusal!.retryAfterSeconds).toBeLessThanOrEqual(60);
    vi.advanceTimersByTime(60_001);
    expect(await refused(limits.takeTenant(policy("acme"), { rows: 100, bytes: 1 }))).toBeUndefined();
  });

  it("counts bytes as well, and gives the rows of a refused request back", async () => {
    const limits = createIngestLimits();
    await limits.takeTenant(policy("acme"), { rows: 1, bytes: 9_000 });
    expect(await refused(limits.takeTenant(policy("acme"), { rows: 50, bytes: 2_000 }))).toMatchObject({ details: { unit: "bytes" } });
    expect(await refused(limits.takeTenant(policy("acme"), { rows: 99, bytes: 1_000 }))).toBeUndefined();
  });

  it("books nothing for what it refuses", async () => {
    const limits = createIngestLimits();
    await limits.takeTenant(policy("acme"), { rows: 60, bytes: 1 });
    for (let i = 0; i < 10; i++) expect(await refused(limits.takeTenant(policy("acme"), { rows: 50, bytes: 1 }))).toBeDefined();
    expect(await refused(limits.takeTenant(policy("acme"), { rows: 40, bytes: 1 }))).toBeUndefined();
  });

  it("lets a request that is larger than a minute's limit through once a minute", async () => {
    const limits = createIngestLimits();
    expect(await refused(limits.takeTenant(policy("acme"), { rows: 16_384, bytes: 1 }))).toBeUndefined();
    expect(await refused(limits.takeTenant(policy("acme"), { rows: 16_384, bytes: 1 }))).toBeDefined();
  });

  it("keeps tenants apart, also those with the same limit", async () => {
    const limits = createIngestLimits();
    await limits.takeTenant(policy("acme"), { rows: 100, bytes: 1 });
    expect(await refused(limits.takeTenant(policy("other"), { rows: 100, bytes: 1 }))).toBeUndefined();
  });

  it("counts services and signals apart", async () => {
    const limits = createIngestLimits({ rowsPerServicePerMinute: 10 });
    await limits.takeService("acme", "api", "logs", 10);
    expect(await refused(limits.takeService("acme", "api", "logs", 1))).toMatchObject({ code: "rate_limited" });
    for (const [tenant, service, signal] of [["acme", "api", "metrics"], ["acme", "web", "logs"], ["other", "api", "logs"]] as const)
      expect(await refused(limits.takeService(tenant, service, signal, 10))).toBeUndefined();
  });
});
