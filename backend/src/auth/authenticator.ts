/**
 * Who a request speaks for.
 *
 * What the registry said about a secret is believed for at most `cacheMs`, so that a revoked key is
 * refused within seconds by every backend, and at once by the one that revoked it. Unknown secrets
 * are remembered as well: a client that hammers with a wrong key does not reach the database.
 */

import type { Authenticator } from "../core/access.ts";
import type { Principal, Scope } from "../core/contracts.ts";
import type { Clock, KeyRegistry, SessionRegistry } from "../core/metadata.ts";
import { keyOf, cookieIsTrusted, cookieOf, SESSION_COOKIE } from "./credentials.ts";
import { hashSecret, sameHash } from "./secrets.ts";

export const CACHE_MS = 5_000;
const MAX_CACHED = 10_000;
const TOUCH_INTERVAL_MS = 60_000;

interface Cached {
  readonly principal: Promise<Principal | undefined>;
  readonly until: number;
}

export interface AuthenticatorOptions {
  readonly keys: KeyRegistry;
  readonly sessions: SessionRegistry;
  readonly clock?: Clock;
  readonly cacheMs?: number;
}

export const createAuthenticator = ({ keys, sessions, clock = Date.now, cacheMs = CACHE_MS }: AuthenticatorOptions): Authenticator => {
  const cache = new Map<string, Cached>();
  const touched = new Map<string, number>();

  /** Last use is kept to the minute: a write per request would cost more than it tells. */
  const touch = (id: string): void => {
    const now = clock();
    if (now - (touched.get(id) ?? -Infinity) < TOUCH_INTERVAL_MS) return;
    touched.set(id, now);
    keys.touch(id).catch(() => touched.delete(id));
  };

  const lookUpKey = async (hash: string): Promise<Principal | undefined> => {
    const key = await keys.findByHash(hash);
    if (!key || key.revokedAt !== null || !sameHash(key.hash, hash)) return undefined;
    return { tenant: key.tenant, keyId: key.id, scopes: new Set<Scope>(key.scopes) };
  };

  const lookUpSession = async (hash: string): Promise<Principal | undefined> => {
    const session = await sessions.find(hash);
    return session && { tenant: session.tenant, keyId: `session_${hash.slice(0, 16)}`, scopes: new Set<Scope>(session.scopes) };
  };

  const remember = (kind: "key" | "session", secret: string): Promise<Principal | undefined> => {
    const hash = hashSecret(secret);
    const name = `${kind} ${hash}`;
    const now = clock();
    const known = cache.get(name);
    if (known && known.until > now) return known.principal;
    if (cache.size >= MAX_CACHED) cache.clear();
    const principal = kind === "key" ? lookUpKey(hash) : lookUpSession(hash);
    cache.set(name, { principal, until: now + cacheMs });
    principal.catch(() => cache.delete(name));
    return principal;
  };

  const authenticateKey = async (secret: string): Promise<Principal | undefined> => {
    const principal = await remember("key", secret);
    if (principal) touch(principal.keyId);
    return principal;
  };

  return {
    authenticateKey,
    async authenticate(method, headers) {
      const key = keyOf(headers);
      if (key !== undefined) return authenticateKey(key);
      const session = cookieOf(headers, SESSION_COOKIE);
      if (session === undefined || !cookieIsTrusted(method, headers)) return undefined;
      return remember("session", session);
    },
    forget: () => cache.clear(),
  };
};
