/** Options of the host metrics source. */

import { z } from "../../core/zod.ts";

export const hostMetricsSourceSchema = z.strictObject({
  intervalMs: z.number().int().min(1_000).default(10_000).describe("How often this host's metrics are read; readings fall on multiples of it."),
  names: z.enum(["otel", "node_exporter"]).default("otel").describe("Whose names the metrics have."),
  perCpu: z.boolean().default(false).describe("Whether each processor's time is told under OpenTelemetry's names too; node_exporter's always tell it."),
});

export type HostMetricsSourceOptions = z.output<typeof hostMetricsSourceSchema>;
