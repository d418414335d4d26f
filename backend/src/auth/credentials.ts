/** Where a request carries its secret: `Authorization: Bearer <key>`, `Basic` with the key as its password, `ApiKey`, or the session cookie. */

import type { IncomingHttpHeaders } from "node:http";

export const SESSION_COOKIE = "obs_session";

const BEARER = /^Bearer +(\S+) *$/i;

/** RFC 7617; tools that know no other way give a user and a password. Who the user is does not matter. */
const BASIC = /^Basic +([A-Za-z0-9+/]+=*) *$/i;

/** Elasticsearch's clients: the key, or base64 of `id:key`. */
const API_KEY = /^ApiKey +(\S+) *$/i;

const afterColon = (base64: string): string | undefined => /^[^:]*:(\S+)$/.exec(Buffer.from(base64, "base64").toString("utf8"))?.[1];

export const keyOf = ({ authorization = "" }: IncomingHttpHeaders): string | undefined => {
  const bearer = BEARER.exec(authorization)?.[1];
  const basic = BASIC.exec(authorization)?.[1];
  const apiKey = API_KEY.exec(authorization)?.[1];
  if (apiKey !== undefined) return apiKey.startsWith("obs_") ? apiKey : afterColon(apiKey);
  return bearer ?? (basic === undefined ? undefined : afterColon(basic));
};

/** Value of one cookie (RFC 6265, 4.2.1); our values are base64url and need no decoding. */
export const cookieOf = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  for (const pair of (headers.cookie ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
};

/** `Set-Cookie` of a session. Lax, so that the sign-in link works from a terminal or a chat. */
export const sessionCookie = (secret: string, maxAgeSeconds: number, secure: boolean): string =>
  `${SESSION_COOKIE}=${secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}${secure ? "; Secure" : ""}`;

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Whether a cookie may speak for this request. `SameSite=Lax` knows no ports: a page of another
 * program on localhost is the same site. So a request that changes something must come from our own
 * origin, which every current browser says in `Sec-Fetch-Site`, or else in `Origin`.
 */
export const cookieIsTrusted = (method: string, headers: IncomingHttpHeaders): boolean => {
  if (SAFE_METHODS.has(method)) return true;
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin" || site === "none";
  if (headers.origin === undefined) return true;
  return URL.canParse(headers.origin) && new URL(headers.origin).host === headers.host;
};
