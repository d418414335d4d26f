import { beforeEach, describe, expect, it } from "vitest";
import type { Authenticator } from "../core/access.ts";
import type { KeyRegistry, SessionRegistry, StoredKey } from "../core/metadata.ts";
import { CACHE_MS, createAuthenticator } from "./authenticator.ts";
import { SESSION_COOKIE } from "./credentials.ts";
import { hashSecret, newApiKey, sameHash } from "./secrets.ts";

const SECRET = newApiKey(["ingest"]);
const SESSION = "session-secret";

const storedKey = (revokedAt: number | null): StoredKey => ({
  id: "key_1",
  tenant: "acme",
  name: "",
  scopes: ["ingest"],
  createdAt: 0,
  lastUsedAt: null,
  revokedAt,
  hash: hashSecret(SECRET),
});

describe("createAuthenticator", () => {
  let now: number;
  let lookUps: number;
  let touches: number;
  let key: StoredKey;
  let authenticator: Authenticator;

  beforeEach(() => {
    [now, lookUps, touches, key] = [0, 0, 0, storedKey(null)];
    const keys: Pick<KeyRegistry, "findByHash" | "touch"> = {
      findByHash: async (hash) => (lookUps++, hash === key.hash ? key : undefined),
      touch: async () => void touches++,
    };
    const sessions: Pick<SessionRegistry, "find"> = {
      find: async (hash) => (hash === hashSecret(SESSION) ? { tenant: "acme", scopes: ["query", "admin"], expiresAt: 1 } : undefined),
    };
    authenticator = createAuthenticator({ keys: keys as KeyRegistry, sessions: sessions as SessionRegistry, clock: () => now });
  });

  const withBearer = (authorization: string) => authenticator.authenticate("POST", { authorization });
  const withCookie = (method: string, headers: Record<string, string> = {}) =>
    authenticator.authenticate(method, { host: "127.0.0.1:8080", cookie: `a=b; ${SESSION_COOKIE}=${SESSION}`, ...headers });

  it("knows a key by its secret, and says nothing of the secret", async () => {
    const principal = await withBearer(`Bearer ${SECRET}`);
    expect(principal).toEqual({ tenant: "acme", keyId: "key_1", scopes: new Set(["ingest"]) });
  });

  it("knows a key that stands as a password", async () => {
    expect(await withBearer(`Basic ${Buffer.from(`anyone:${SECRET}`).toString("base64")}`)).toEqual(await withBearer(`Bearer ${SECRET}`));
    expect(await withBearer(`Basic ${Buffer.from(`anyone:${SECRET}x`).toString("base64")}`)).toBeUndefined();
    expect(await withBearer(`Basic ${Buffer.from(SECRET).toString("base64")}`)).toBeUndefined();
  });

  it.each(["", "Bearer", `Basic ${SECRET}`, `Bearer ${SECRET}x`, `Bearer ${SECRET.slice(0, -1)}`, `Bearer x ${SECRET}`, SECRET])("refuses %j", async (authorization) => {
    expect(await withBearer(authorization)).toBeUndefined();
  });

  it("asks the registry once in a while, for wrong keys too", async () => {
    for (let i = 0; i < 5; i++) await withBearer(`Bearer ${SECRET}`);
    for (let i = 0; i < 5; i++) await withBearer("Bearer wrong");
    expect(lookUps).toBe(2);
    now += CACHE_MS;
    await withBearer(`Bearer ${SECRET}`);
    expect(lookUps).toBe(3);
    expect(touches, "last use is kept to the minute").toBe(1);
  });

  it("refuses a key that was revoked elsewhere after the cache time, and here at once", async () => {
    await withBearer(`Bearer ${SECRET}`);
    key = storedKey(1);
    expect(await withBearer(`Bearer ${SECRET}`)).toBeDefined();
    now += CACHE_MS;
    expect(await withBearer(`Bearer ${SECRET}`)).toBeUndefined();
    key = storedKey(null);
    authenticator.forget();
    expect(await withBearer(`Bearer ${SECRET}`)).toBeDefined();
  });

  it("remembers no failure of the registry", async () => {
    const good = key;
    Object.defineProperty(good, "hash", { get: () => hashSecret(SECRET) });
    let broken = true;
    const keys = {
      findByHash: async () => {
        if (broken) throw new Error("database away");
        return good;
      },
      touch: async () => undefined,
    } as unknown as KeyRegistry;
    const other = createAuthenticator({ keys, sessions: {} as SessionRegistry, clock: () => now });
    await expect(other.authenticateKey(SECRET)).rejects.toThrow("database away");
    broken = false;
    expect(await other.authenticateKey(SECRET)).toBeDefined();
  });

  it("prefers the key when there is a cookie as well", async () => {
    const principal = await authenticator.authenticate("GET", { authorization: `Bearer ${SECRET}`, cookie: `${SESSION_COOKIE}=${SESSION}` });
    expect(principal?.keyId).toBe("key_1");
  });

  it.each([
    ["GET", {}, true],
    ["POST", {}, true],
    ["POST", { "sec-fetch-site": "same-origin" }, true],
    ["POST", { "sec-fetch-site": "same-site" }, false],
    ["POST", { "sec-fetch-site": "cross-site" }, false],
    ["GET", { "sec-fetch-site": "cross-site" }, true],
    ["DELETE", { origin: "http://127.0.0.1:8080" }, true],
    ["DELETE", { origin: "http://127.0.0.1:3000" }, false],
    ["DELETE", { origin: "null" }, false],
  ] as [string, Record<string, string>, boolean][])("a session's %s with %j: %s", async (method, headers, trusted) => {
    expect((await withCookie(method, headers)) !== undefined).toBe(trusted);
  });
});

describe("secrets", () => {
  it("names the widest scope and holds 256 random bits", () => {
    expect(newApiKey(["ingest"])).toMatch(/^obs_i_[\w-]{43}$/);
    expect(newApiKey(["ingest", "query"])).toMatch(/^obs_q_/);
    expect(newApiKey(["ingest", "query", "admin"])).toMatch(/^obs_a_/);
    expect(newApiKey(["ingest"])).not.toBe(newApiKey(["ingest"]));
  });

  it("compares hashes whole", () => {
    expect(sameHash(hashSecret("a"), hashSecret("a"))).toBe(true);
    expect(sameHash(hashSecret("a"), hashSecret("b"))).toBe(false);
    expect(sameHash(hashSecret("a"), "")).toBe(false);
  });
});
