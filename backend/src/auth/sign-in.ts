/**
 * Ways into the dashboard: the link that `npm start` prints (a one-time token), or an API key that
 * may query. Both end in a session: a random cookie whose hash is stored.
 */

import type { Authenticator, SignIn } from "../core/access.ts";
import type { Scope } from "../core/contracts.ts";
import type { SessionRegistry } from "../core/metadata.ts";
import { ApiError } from "../errors.ts";
import { cookieOf, SESSION_COOKIE, sessionCookie } from "./credentials.ts";
import { hashSecret, newSecret } from "./secrets.ts";

export const SIGN_IN_LIFETIME_MS = 10 * 60_000;
export const SESSION_LIFETIME_MS = 30 * 86_400_000;

/** Who holds the link of the machine's own terminal may administer the tenant. */
const LINK_SCOPES: readonly Scope[] = ["query", "admin"];

export interface SignInOptions {
  readonly sessions: SessionRegistry;
  readonly authenticator: Authenticator;
  /** True behind TLS: the cookie never travels in the clear. */
  readonly secureCookies: boolean;
}

export const createSignIn = ({ sessions, authenticator, secureCookies }: SignInOptions): SignIn => {
  const begin = async (tenant: string, scopes: readonly Scope[]): Promise<string> => {
    const secret = newSecret();
    await sessions.create({ hash: hashSecret(secret), tenant, scopes, lifetimeMs: SESSION_LIFETIME_MS });
    return sessionCookie(secret, SESSION_LIFETIME_MS / 1000, secureCookies);
  };

  return {
    async createToken(tenant) {
      const token = newSecret();
      await sessions.createSignInToken({ hash: hashSecret(token), tenant, lifetimeMs: SIGN_IN_LIFETIME_MS });
      return token;
    },

    async withToken(token) {
      const redeemed = await sessions.redeemSignInToken(hashSecret(token));
      return redeemed && begin(redeemed.tenant, LINK_SCOPES);
    },

    async withKey(key) {
      const principal = await authenticator.authenticateKey(key);
      if (!principal) throw new ApiError("unauthorized", "The key is wrong or revoked.");
      if (!principal.scopes.has("query")) throw new ApiError("forbidden", `The dashboard needs a key of scope "query".`, { details: { needs: "query" } });
      return { cookie: await begin(principal.tenant, [...principal.scopes]), principal };
    },

    async end(headers) {
      const secret = cookieOf(headers, SESSION_COOKIE);
      if (secret !== undefined) await sessions.end(hashSecret(secret));
      authenticator.forget();
      return sessionCookie("", 0, secureCookies);
    },
  };
};
