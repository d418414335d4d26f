/** Delivery with its outcomes counted, for batches of agents and of the gateway alike. */

import type { BatchDelivery } from "../core/contracts.ts";
import type { Telemetry } from "../core/telemetry.ts";
import { ApiError } from "../errors.ts";

export const countDelivery = (delivery: BatchDelivery, telemetry: Telemetry): BatchDelivery => ({
  async accept(batch) {
    const { stream } = batch;
    try {
      const ack = await delivery.accept(batch);
      telemetry.add("obs_ingest_batches_total", { stream, outcome: "stored" });
      telemetry.add("obs_ingest_bytes_total", { stream }, batch.body.length);
      telemetry.add("obs_ingest_rows_total", { stream, outcome: "stored" }, ack.stored);
      for (const [reason, rows] of Object.entries(ack.refused)) telemetry.add("obs_ingest_rows_total", { stream, outcome: reason }, rows);
      return ack;
    } catch (error) {
      telemetry.add("obs_ingest_batches_total", { stream, outcome: error instanceof ApiError ? error.code : "internal" });
      throw error;
    }
  },
});
