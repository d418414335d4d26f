/** Rows of the metadata tables. Columns of migrations.ts, as Kysely types. Times are ms since 1970. */

export interface TenantRow {
  id: string;
  name: string;
  policy_version: number;
  logs_retention_days: number;
  samples_retention_days: number;
  max_future_ms: number;
  rows_per_minute: number;
  bytes_per_minute: number;
  queries_at_once: number;
  query_seconds: number;
  query_memory_bytes: number | null;
  query_rows: number | null;
  created_at: number;
}

export interface ApiKeyRow {
  id: string;
  tenant: string;
  name: string;
  /** Joined by commas. */
  scopes: string;
  hash: string;
  created_at: number;
  last_used_at: number | null;
  revoked_at: number | null;
}

export interface AgentRow {
  tenant: string;
  agent: string;
  key_id: string;
  address: string;
  first_seen: number;
  last_seen: number;
}

export interface SessionRow {
  hash: string;
  tenant: string;
  scopes: string;
  created_at: number;
  expires_at: number;
}

export interface SignInTokenRow {
  hash: string;
  tenant: string;
  expires_at: number;
}

export interface AuditRow {
  id: string;
  at: number;
  tenant: string;
  actor: string;
  action: string;
  subject: string;
}

export interface FieldRow {
  tenant: string;
  service: string;
  name: string;
  /** Joined by commas. */
  types: string;
  share: number;
  example: string;
  first_seen: number;
  last_seen: number;
}

export interface LeaseRow {
  name: string;
  /** "" when it is free. */
  holder: string;
  token: number;
  expires_at: number;
}

export interface Tables {
  fields: FieldRow;
  tenants: TenantRow;
  api_keys: ApiKeyRow;
  agents: AgentRow;
  sessions: SessionRow;
  sign_in_tokens: SignInTokenRow;
  audit: AuditRow;
  leases: LeaseRow;
}
