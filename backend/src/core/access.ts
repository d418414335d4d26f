/** What routes may ask of authentication. */

import type { IncomingHttpHeaders } from "node:http";
import type { Principal, Scope } from "./contracts.ts";

export interface Authenticator {
  /** Undefined: no secret, or one that is wrong, revoked or expired. */
  authenticate(method: string, headers: IncomingHttpHeaders): Promise<Principal | undefined>;
  /** Undefined unless the text is a valid key. */
  authenticateKey(secret: string): Promise<Principal | undefined>;
  /** Drops what is remembered, after a revocation or a sign-out in this process. */
  forget(): void;
}

export interface SignIn {
  /** A token for `/signin?token=`, good once and for ten minutes. */
  createToken(tenant: string): Promise<string>;
  /** Value of `Set-Cookie` for a new session; undefined when the token is wrong, used or too old. */
  withToken(token: string): Promise<string | undefined>;
  /** A new session with the key's own scopes. Throws ApiError(unauthorized | forbidden). */
  withKey(key: string): Promise<{ cookie: string; principal: Principal }>;
  /** Ends the session that the headers carry, if any. Value of `Set-Cookie` that removes it. */
  end(headers: IncomingHttpHeaders): Promise<string>;
}

/** Makes a key, hands out its secret once, and stores the hash. */
export type IssueKey = (key: { tenant: string; name: string; scopes: readonly Scope[] }) => Promise<{ id: string; secret: string }>;
