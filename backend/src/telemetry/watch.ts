/** Figures that the parts of the backend keep themselves, read when somebody asks for them. */

import type { DiskStatus } from "../core/status.ts";
import type { Telemetry } from "../core/telemetry.ts";

export interface Watched {
  readonly store: { readonly available: boolean };
  readonly delivery: { readonly counters: object };
  readonly gateway: { state(): { readonly bytes: number; readonly batches: number } };
  readonly queries: { readonly running: number; readonly waiting: number };
  readonly cache: object;
  readonly rollups: { readonly closed: ReadonlyMap<string, number> };
  readonly diskBudget: { readonly status: DiskStatus; readonly droppedPieces: number };
}

/** `partialRepaired` -> `partial_repaired`. */
const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const watch = (telemetry: Telemetry, { store, delivery, gateway, diskBudget, queries, cache, rollups }: Watched): void =>
  telemetry.onCollect(() => {
    telemetry.set("obs_store_up", {}, Number(store.available));
    for (const [event, count] of Object.entries(delivery.counters)) telemetry.set("obs_delivery_total", { event: snakeCase(event) }, Number(count));
    const { bytes, batches } = gateway.state();
    telemetry.set("obs_gateway_buffer_bytes", {}, bytes);
    telemetry.set("obs_gateway_buffer_batches", {}, batches);
    for (const [outcome, count] of Object.entries(cache)) telemetry.set("obs_query_cache_total", { outcome }, Number(count));
    telemetry.set("obs_queries_running", {}, queries.running);
    telemetry.set("obs_queries_waiting", {}, queries.waiting);
    for (const [rollup, closedMs] of rollups.closed) telemetry.set("obs_rollup_closed_seconds", { rollup }, closedMs / 1_000);
    const { used_bytes: used, max_bytes: budget } = diskBudget.status;
    if (used !== null) telemetry.set("obs_store_disk_bytes", {}, used);
    telemetry.set("obs_store_max_disk_bytes", {}, budget ?? 0);
    telemetry.set("obs_store_dropped_pieces_total", {}, diskBudget.droppedPieces);
  });
