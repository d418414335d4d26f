/**
 * The closed set of error codes of the HTTP API: status and one doc line each. A test holds the
 * generated reference equal to it.
 */

export const ERRORS = {
  invalid_json: [400, "The body is not valid JSON."],
  invalid_request: [400, "A field is missing, unknown, of the wrong type or out of range; details name it."],
  invalid_query: [400, "The query text does not parse; details give the position."],
  all_rejected: [400, "Every item of the request was refused; errors tell why."],
  batch_malformed: [400, "The batch body is not zstd of a Native block of the claimed schema; send it in halves or drop it."],
  batch_claims_wrong: [400, "The body does not hold the rows that its headers claim."],
  schema_unknown: [400, "The schema version is not known to this backend."],
  unauthorized: [401, "No key, or one that is wrong, revoked or expired."],
  forbidden: [403, "The key lacks the scope, or the agent id belongs to another key."],
  not_found: [404, "There is nothing at this address."],
  too_large: [413, "More items, rows or bytes than one request may hold; send smaller ones."],
  unsupported_media_type: [415, "The content type or encoding is not one this address takes."],
  rate_limited: [429, "The tenant's limit is used up; wait for Retry-After seconds."],
  too_many_queries: [429, "More queries at once than the tenant may have running and waiting; ask again after Retry-After seconds."],
  query_failed: [422, "The query was understood and could not be answered, such as for its cost."],
  internal: [500, "A fault of the backend; its log has the details."],
  metadata_unavailable: [503, "The database of tenants and keys is away or busy; retry after Retry-After seconds."],
  store_unavailable: [503, "The store is away or starting; retry after Retry-After seconds."],
  query_timeout: [504, "The query ran out of its time."],
} as const satisfies Record<string, readonly [status: number, doc: string]>;

export type ErrorCode = keyof typeof ERRORS;

/** An answer that is an error. Thrown anywhere below a route; app.ts turns it into the reply. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly details: unknown;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: { details?: unknown; retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "ApiError";
    this.code = code;
    this.status = ERRORS[code][0];
    this.details = options.details;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
