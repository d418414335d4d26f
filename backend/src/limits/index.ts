/** Limits on what is taken in, per tenant and, at the JSON doors, per service; and on what queries take. */

export { createIngestLimits, ROWS_PER_SERVICE_PER_MINUTE } from "./ingest-limits.ts";
export { createQueryLimits } from "./query-limits.ts";
