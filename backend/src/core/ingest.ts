/** What routes may ask of the way in: limits, and the JSON doors. */

import type { TenantPolicy } from "./contracts.ts";

export type Signal = "logs" | "metrics";

export interface IngestLimits {
  /** Books a batch or request on its tenant. Throws ApiError(rate_limited). */
  takeTenant(policy: TenantPolicy, cost: { rows: number; bytes: number }): Promise<void>;
  /** Books rows on a service at a JSON door. Throws ApiError(rate_limited). */
  takeService(tenant: string, service: string, signal: Signal, rows: number): Promise<void>;
}

export interface RefusedItemReport {
  readonly index: number;
  readonly code: string;
  readonly message: string;
}

/** 202 of `POST /api/v1/logs/ingest`. `received` counts what was accepted. */
export interface LogsIngestAnswer {
  readonly status: "accepted";
  readonly received: number;
  readonly rejected: number;
  readonly batch_id: string;
  readonly errors?: readonly RefusedItemReport[];
}

/** 202 of `POST /api/v1/metrics/ingest`. */
export interface MetricsIngestAnswer {
  readonly status: "accepted";
  readonly received: number;
  /** Present when some were refused. */
  readonly rejected?: number;
  /** The tenant's mean over the last ten seconds. */
  readonly metrics_per_second: number;
  readonly errors?: readonly RefusedItemReport[];
}

/** A document that a client of Elasticsearch writes. */
export interface IncomingDocument {
  readonly index: string;
  /** Given by its writer. */
  readonly id: string | undefined;
  /** JSON of an object. */
  readonly source: string;
}

/** `id`: the document's own, else the row's. */
export type DocumentOutcome = { readonly id: string } | { readonly code: string; readonly message: string };

/** The JSON doors. All resolve after the durable write. Throw ApiError. */
export interface IngestDoors {
  logs(policy: TenantPolicy, body: unknown, bytes: number): Promise<LogsIngestAnswer>;
  metrics(policy: TenantPolicy, body: unknown, bytes: number): Promise<MetricsIngestAnswer>;
  /** An outcome for each document, in order; that all are refused is no error. */
  documents(policy: TenantPolicy, documents: readonly IncomingDocument[], bytes: number): Promise<readonly DocumentOutcome[]>;
}
