/** Every metric of `GET /metrics`: type and one doc line. docs/metrics.md is generated from it. */

export const METRICS = {
  obs_http_requests_total: ["counter", "Requests answered, by route, method and status."],
  obs_http_request_seconds_total: ["counter", "Time spent on requests, by route."],
  obs_ingest_rows_total: ["counter", "Rows by stream and outcome: `stored`, or the reason for which they were refused for good."],
  obs_ingest_bytes_total: ["counter", "Compressed bytes of batches that were stored, by stream."],
  obs_ingest_batches_total: ["counter", "Batches by stream and outcome: `stored`, or the error code they were answered with."],
  obs_door_items_total: ["counter", "Items posted to the JSON doors, by signal and outcome (`accepted`, `rejected`)."],
  obs_delivery_total: ["counter", "What delivery did, by event: batches, inserts and their members, repeats, batches repaired, fences, and so on."],
  obs_gateway_buffer_bytes: ["gauge", "Bytes on disk that wait in the gateway's buffer."],
  obs_gateway_buffer_batches: ["gauge", "Batches that wait in the gateway's buffer."],
  obs_query_cache_total: ["counter", "Statements that may be answered again: by the cache (`hits`), by the store (`misses`), together with another that asked for the same (`shared`)."],
  obs_queries_running: ["gauge", "Statements of queries that run in the store."],
  obs_queries_waiting: ["gauge", "Statements of queries that wait for their turn."],
  obs_store_up: ["gauge", "1 while the store answers."],
  obs_store_disk_bytes: ["gauge", "Bytes on disk of all tables."],
  obs_store_max_disk_bytes: ["gauge", "The disk budget; 0 when there is none."],
  obs_store_dropped_pieces_total: ["counter", "Partitions and parts dropped to keep within the disk budget."],
  obs_rollup_closed_seconds: ["gauge", "End of the newest window that is rolled, seconds since 1970, by rollup; of the backend that rolls."],
  obs_backend_info: ["gauge", "Always 1; the version as label."],
  process_cpu_seconds_total: ["counter", "CPU time of the backend, without its children."],
  process_resident_memory_bytes: ["gauge", "Resident memory of the backend, without its children."],
  process_start_time_seconds: ["gauge", "When the backend started, seconds since 1970."],
} as const satisfies Record<string, readonly [type: "counter" | "gauge", doc: string]>;

export type MetricName = keyof typeof METRICS;
