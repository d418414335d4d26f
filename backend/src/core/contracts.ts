/** The backend's inner borders. Siblings know these types and never each other's folders. */

import type { BatchAck, BatchKey, RowRange, Stream } from "@obs/wire";

export type Scope = "ingest" | "query" | "admin";

/** Who a request speaks for, after authentication. */
export interface Principal {
  readonly tenant: string;
  /** Id (never the secret) of the API key, or of the session. */
  readonly keyId: string;
  readonly scopes: ReadonlySet<Scope>;
}

/** What a tenant may do and how long its data is kept. */
export interface TenantPolicy {
  readonly tenant: string;
  /** Grows with every change; acknowledgements carry it. */
  readonly version: number;
  /** Days; stored data belongs to the smallest retention class that holds them. */
  readonly retentionDays: { readonly logs: number; readonly samples: number };
  /** Rows stamped further ahead of the server's clock than this are refused. */
  readonly maxFutureMs: number;
  readonly limits: { readonly rowsPerMinute: number; readonly bytesPerMinute: number };
  readonly queryLimits: QueryLimits;
}

/** What queries of one tenant may take. Each holds for one statement on the store; a request may have several. */
export interface QueryLimits {
  /** Statements that run at once; more wait. */
  readonly atOnce: number;
  readonly seconds: number;
  /** null: the store's own limit. */
  readonly memoryBytes: number | null;
  /** Rows looked at. null: no limit. */
  readonly rows: number | null;
}

/** A batch as the door hands it to delivery: headers checked, body unopened. */
export interface IncomingBatch {
  readonly policy: TenantPolicy;
  readonly stream: Stream;
  readonly schema: number;
  readonly key: BatchKey;
  /** Set: the body holds only the batch's rows with these ordinals. */
  readonly part?: RowRange | undefined;
  readonly rows: number;
  readonly rawBytes: number;
  readonly attempt: number;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  readonly body: Buffer;
  readonly sourceIp: string;
}

export interface BatchDelivery {
  /** Resolves after the store's commit. Throws ApiError with the code the agent acts on. */
  accept(batch: IncomingBatch): Promise<BatchAck>;
}
