/** Metadata as the rest of the backend sees it: what is kept about tenants, keys, agents, sessions. */

import type { Scope, TenantPolicy } from "./contracts.ts";

export const SCOPES = ["ingest", "query", "admin"] as const satisfies readonly Scope[];

/** An API key without its secret, which only its holder knows. Times are ms since 1970. */
export interface ApiKey {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
}

/** A key as stored: the SHA-256 of the secret, in hex. */
export interface StoredKey extends ApiKey {
  readonly hash: string;
}

export interface KeyRegistry {
  create(key: { tenant: string; name: string; scopes: readonly Scope[]; hash: string }): Promise<ApiKey>;
  findByHash(hash: string): Promise<StoredKey | undefined>;
  list(tenant: string): Promise<ApiKey[]>;
  /** False when the tenant has no such key that is still valid. */
  revoke(tenant: string, id: string): Promise<boolean>;
  touch(id: string): Promise<void>;
}

/** What may be set when a tenant is made or changed; the rest has defaults (tenants.ts). */
export interface TenantSettings {
  readonly logsRetentionDays?: number | undefined;
  readonly samplesRetentionDays?: number | undefined;
  readonly maxFutureMs?: number | undefined;
  readonly rowsPerMinute?: number | undefined;
  readonly bytesPerMinute?: number | undefined;
  readonly queriesAtOnce?: number | undefined;
  readonly querySeconds?: number | undefined;
  /** null: the store's own limit. */
  readonly queryMemoryBytes?: number | null | undefined;
  /** null: no limit. */
  readonly queryRows?: number | null | undefined;
}

export interface TenantRegistry {
  /** Undefined when the id is taken. */
  create(tenant: { id: string; name: string } & TenantSettings): Promise<TenantPolicy | undefined>;
  /** Undefined when there is no such tenant. Every change makes the policy version grow. */
  change(id: string, settings: TenantSettings): Promise<TenantPolicy | undefined>;
  policy(id: string): Promise<TenantPolicy | undefined>;
  list(): Promise<{ id: string; name: string; createdAt: number }[]>;
}

/** How the claim of an agent id ended. `taken`: another valid key of the tenant uses it. */
export type AgentClaim = "ok" | "taken";

export interface AgentRegistry {
  /** Binds an agent id (16 hex digits) to the key that first used it. */
  claim(agent: { tenant: string; agent: string; keyId: string; address: string }): Promise<AgentClaim>;
  list(tenant: string): Promise<{ agent: string; keyId: string; address: string; firstSeen: number; lastSeen: number }[]>;
}

export interface KnownField {
  readonly service: string;
  readonly name: string;
  /** As agents tell them: string, integer, number, boolean, array, object. */
  readonly types: readonly string[];
  /** Of the service's rows that have it, 0-1, as the last report said. */
  readonly share: number;
  /** Of a value, masked by the agent, cut. */
  readonly example: string;
}

/** Fields of tenants' logs, as their agents report them. */
export interface FieldRegistry {
  /** Adds to what is known; returns how many were new and had no place. */
  report(tenant: string, fields: readonly KnownField[]): Promise<number>;
  /** The most frequent first; of one service or of all. */
  list(tenant: string, filter: { service?: string | undefined; limit: number }): Promise<(KnownField & { firstSeen: number; lastSeen: number })[]>;
}

export interface Session {
  readonly tenant: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: number;
}

/** Sessions and the one-time tokens that begin them, both known by their hashes only. */
export interface SessionRegistry {
  createSignInToken(token: { hash: string; tenant: string; lifetimeMs: number }): Promise<void>;
  /** The tenant, once: a second use, or one after its lifetime, finds nothing. */
  redeemSignInToken(hash: string): Promise<{ tenant: string } | undefined>;
  create(session: { hash: string; tenant: string; scopes: readonly Scope[]; lifetimeMs: number }): Promise<Session>;
  find(hash: string): Promise<Session | undefined>;
  end(hash: string): Promise<void>;
}

export interface AuditEntry {
  readonly tenant: string;
  /** Key or session id that did it, or `cli`. */
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
}

export interface AuditLog {
  record(entry: AuditEntry): Promise<void>;
  list(tenant: string, limit: number): Promise<(AuditEntry & { at: number })[]>;
}

/**
 * One holder of several for a piece of work. The token grows with every change of holder: who writes
 * under a smaller one than has been seen is late and loses.
 */
export interface LeaseRegistry {
  /** Takes the lease when it is free or its time is over, and renews it for its holder. Undefined: another has it. */
  hold(lease: { name: string; holder: string; lifetimeMs: number }): Promise<{ token: number } | undefined>;
  /** Frees it, when this holder has it. */
  release(lease: { name: string; holder: string }): Promise<void>;
}

export interface Metadata {
  readonly tenants: TenantRegistry;
  readonly keys: KeyRegistry;
  readonly agents: AgentRegistry;
  readonly fields: FieldRegistry;
  readonly sessions: SessionRegistry;
  readonly audit: AuditLog;
  readonly leases: LeaseRegistry;
  close(): Promise<void>;
}

/** ms since 1970; tests bring their own. */
export type Clock = () => number;

/** The policy in force for a tenant; undefined when there is no such tenant. */
export type PolicyOf = (tenant: string) => Promise<TenantPolicy | undefined>;

/** The first tenant. Its administrators operate the installation: they make and change tenants. */
export const OPERATOR_TENANT = "default";
