/** One contract for the metadata, run over SQLite and PostgreSQL. */

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { POSTGRES, startPostgres } from "../../test/postgres-server.ts";
import type { Metadata } from "../core/metadata.ts";
import { openMetadata, TENANT_DEFAULTS } from "./index.ts";

interface Database {
  url: string;
  stop(): Promise<void>;
}

const sqlite = async (): Promise<Database> => {
  const folder = mkdtempSync(join(tmpdir(), "obs-meta-"));
  return { url: join(folder, "meta.db"), stop: async () => rmSync(folder, { recursive: true }) };
};

/** What every metadata database must do. */
const contract = (start: () => Promise<Database>): void => {
  let database: Database;
  let metadata: Metadata;
  let now = 1_800_000_000_000;
  const clock = () => now;

  beforeAll(async () => {
    database = await start();
    metadata = await openMetadata(database.url, clock);
    await metadata.tenants.create({ id: "acme", name: "Acme" });
    await metadata.tenants.create({ id: "other", name: "Other" });
  });

  afterAll(async () => {
    await metadata?.close();
    await database?.stop();
  });

  const key = (hash: string, tenant = "acme") => metadata.keys.create({ tenant, name: "test", scopes: ["ingest", "query"], hash });

  it("keeps its rows when it is opened again", async () => {
    const again = await openMetadata(database.url, clock);
    expect((await again.tenants.list()).map(({ id }) => id)).toEqual(["acme", "other"]);
    await again.close();
  });

  it("gives a tenant the defaults, and a policy version that grows with every change", async () => {
    const made = await metadata.tenants.create({ id: "small", name: "Small", rowsPerMinute: 10 });
    expect(made).toEqual({
      tenant: "small",
      version: 1,
      retentionDays: { logs: TENANT_DEFAULTS.logsRetentionDays, samples: TENANT_DEFAULTS.samplesRetentionDays },
      maxFutureMs: TENANT_DEFAULTS.maxFutureMs,
      limits: { rowsPerMinute: 10, bytesPerMinute: TENANT_DEFAULTS.bytesPerMinute },
      queryLimits: { atOnce: 8, seconds: 60, memoryBytes: null, rows: null },
    });
    const changed = await metadata.tenants.change("small", { logsRetentionDays: 7 });
    expect(changed).toEqual({ ...made!, version: 2, retentionDays: { ...made!.retentionDays, logs: 7 } });
    expect(await metadata.tenants.policy("small")).toEqual(changed);
  });

  it("refuses a tenant id that is taken, and knows no policy of a tenant that is not there", async () => {
    expect(await metadata.tenants.create({ id: "acme", name: "Again" })).toBeUndefined();
    expect(await metadata.tenants.policy("nobody")).toBeUndefined();
    expect(await metadata.tenants.change("nobody", { logsRetentionDays: 1 })).toBeUndefined();
  });

  it("finds a key by its hash, with times as numbers", async () => {
    const made = await key("hash-1");
    expect(await metadata.keys.findByHash("hash-1")).toEqual({ ...made, hash: "hash-1" });
    expect(made).toMatchObject({ tenant: "acme", scopes: ["ingest", "query"], createdAt: now, lastUsedAt: null, revokedAt: null });
    await metadata.keys.touch(made.id);
    expect((await metadata.keys.findByHash("hash-1"))?.lastUsedAt).toBe(now);
    expect(await metadata.keys.findByHash("hash-2")).toBeUndefined();
  });

  it("refuses two keys of one hash and keys of no tenant", async () => {
    await key("hash-twice");
    await expect(key("hash-twice")).rejects.toThrow(/unique/i);
    await expect(key("hash-orphan", "nobody")).rejects.toThrow(/foreign key/i);
  });

  it("revokes a key once, and only for its own tenant", async () => {
    const { id } = await key("hash-revoked");
    expect(await metadata.keys.revoke("other", id)).toBe(false);
    expect(await metadata.keys.revoke("acme", id)).toBe(true);
    expect(await metadata.keys.revoke("acme", id)).toBe(false);
    expect((await metadata.keys.findByHash("hash-revoked"))?.revokedAt).toBe(now);
  });

  it("lists a tenant's keys without their hashes", async () => {
    const other = await key("hash-other", "other");
    const listed = await metadata.keys.list("other");
    expect(listed).toEqual([other]);
    expect(JSON.stringify(listed)).not.toContain("hash-other");
  });

  it("binds an agent id to the first key of the tenant that uses it, until that key is revoked", async () => {
    const first = await key("hash-agent-1");
    const second = await key("hash-agent-2");
    const foreign = await key("hash-agent-3", "other");
    const claim = (tenant: string, keyId: string) => metadata.agents.claim({ tenant, agent: "00000000000000aa", keyId, address: "127.0.0.1" });
    expect(await claim("acme", first.id)).toBe("ok");
    expect(await claim("acme", second.id)).toBe("taken");
    expect(await claim("other", foreign.id), "ids are the tenant's own").toBe("ok");
    await metadata.keys.revoke("acme", first.id);
    now += 1_000;
    expect(await claim("acme", second.id), "rotation").toBe("ok");
    expect(await metadata.agents.list("acme")).toEqual([
      { agent: "00000000000000aa", keyId: second.id, address: "127.0.0.1", firstSeen: now - 1_000, lastSeen: now },
    ]);
  });

  it("lets only one of many claims at the same time win", async () => {
    const keys = await Promise.all(["race-1", "race-2", "race-3", "race-4"].map((hash) => key(hash)));
    const outcomes = await Promise.all(keys.map(({ id }) => metadata.agents.claim({ tenant: "acme", agent: "00000000000000bb", keyId: id, address: "" })));
    expect(outcomes.filter((outcome) => outcome === "ok")).toHaveLength(1);
  });

  it("redeems a sign-in token once, even when it is tried many times at once", async () => {
    await metadata.sessions.createSignInToken({ hash: "token", tenant: "acme", lifetimeMs: 1_000 });
    const tries = await Promise.all(Array.from({ length: 5 }, () => metadata.sessions.redeemSignInToken("token")));
    expect(tries.filter(Boolean)).toEqual([{ tenant: "acme" }]);
  });

  it("redeems no token after its lifetime", async () => {
    await metadata.sessions.createSignInToken({ hash: "late", tenant: "acme", lifetimeMs: 1_000 });
    now += 1_000;
    expect(await metadata.sessions.redeemSignInToken("late")).toBeUndefined();
  });

  it("knows a session until it ends or expires", async () => {
    const session = { tenant: "acme", scopes: ["query", "admin"] as const, lifetimeMs: 60_000 };
    const made = await metadata.sessions.create({ hash: "session-1", ...session });
    await metadata.sessions.create({ hash: "session-2", ...session });
    expect(await metadata.sessions.find("session-1")).toEqual(made);
    await metadata.sessions.end("session-1");
    expect(await metadata.sessions.find("session-1")).toBeUndefined();
    now += 60_000;
    expect(await metadata.sessions.find("session-2")).toBeUndefined();
  });

  it("adds up what agents tell of fields, by tenant and service", async () => {
    const field = { service: "api", name: "user", types: ["string"], share: 0.5, example: "ann" };
    expect(await metadata.fields.report("acme", [field, { ...field, name: "n", types: ["integer"], share: 0.9 }, { ...field, service: "db" }])).toBe(0);
    const firstSeen = now;
    now += 5_000;
    expect(await metadata.fields.report("acme", [{ ...field, types: ["number", "integer"], share: 0.25, example: "bob" }])).toBe(0);
    expect(await metadata.fields.report("other", [{ ...field, name: "theirs" }])).toBe(0);
    expect(await metadata.fields.list("acme", { service: "api", limit: 10 })).toEqual([
      { service: "api", name: "n", types: ["integer"], share: 0.9, example: "ann", firstSeen, lastSeen: firstSeen },
      { service: "api", name: "user", types: ["integer", "number", "string"], share: 0.25, example: "bob", firstSeen, lastSeen: now },
    ]);
    expect((await metadata.fields.list("acme", { limit: 2 })).map(({ service, name }) => `${service} ${name}`)).toEqual(["api n", "db user"]);
    expect((await metadata.fields.list("other", { limit: 10 })).map(({ name }) => name)).toEqual(["theirs"]);
  });

  it("keeps 20,000 fields of a tenant, and makes room by what nobody has told of for a month", async () => {
    await metadata.tenants.create({ id: "many", name: "Many" });
    const fields = Array.from({ length: 20_100 }, (_, index) => ({ service: `s${index % 40}`, name: `f${index}`, types: ["string"], share: 0.1, example: "" }));
    let without = 0;
    for (let from = 0; from < fields.length; from += 5_000) without += await metadata.fields.report("many", fields.slice(from, from + 5_000));
    expect(without).toBe(100);
    expect(await metadata.fields.report("many", fields.slice(0, 10))).toBe(0);
    now += 31 * 86_400_000;
    expect(await metadata.fields.report("many", fields.slice(20_090))).toBe(0);
    expect((await metadata.fields.list("many", { limit: 100 })).map(({ name }) => name).sort()).toEqual(fields.slice(20_090).map(({ name }) => name));
  });

  it("lists the newest audit entries first", async () => {
    for (const action of ["key.create", "key.revoke", "tenant.create"]) {
      now += 1;
      await metadata.audit.record({ tenant: "other", actor: "cli", action, subject: "x" });
    }
    expect((await metadata.audit.list("other", 2)).map(({ action }) => action)).toEqual(["tenant.create", "key.revoke"]);
  });
};

describe("metadata in SQLite", () => void contract(sqlite));
describe.skipIf(POSTGRES.isAbsent)(`metadata in ${POSTGRES.title}`, () => void contract(startPostgres));

it("keeps the SQLite file from other users", async () => {
  const { url, stop } = await sqlite();
  const metadata = await openMetadata(url);
  expect(statSync(url).mode & 0o077).toBe(0);
  await metadata.close();
  await stop();
});
