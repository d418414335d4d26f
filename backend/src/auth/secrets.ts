/**
 * Secrets that we make: API keys, session cookies, sign-in tokens. All are 256 random bits.
 *
 * They are stored as plain SHA-256. Slow hashes (scrypt, argon2) and salts defend secrets that can
 * be guessed or that two people may share; 2^256 random values are neither, and a slow hash on
 * every ingest request would be a gift to whoever wants to tire the backend.
 */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Scope } from "../core/contracts.ts";

const SECRET_BYTES = 32;

export const newSecret = (): string => randomBytes(SECRET_BYTES).toString("base64url");

/** The letter says at a glance what a leaked key is worth: that of its widest scope. */
const letterOf = (scopes: readonly Scope[]): string => (scopes.includes("admin") ? "a" : scopes.includes("query") ? "q" : "i");

/** `obs_<letter>_<43 characters of base64url>`. */
export const newApiKey = (scopes: readonly Scope[]): string => `obs_${letterOf(scopes)}_${newSecret()}`;

/** SHA-256 in hex. */
export const hashSecret = (secret: string): string => createHash("sha256").update(secret).digest("hex");

/** Compares two hashes of `hashSecret` in constant time. */
export const sameHash = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
