/** Options of the host metrics source. */

import { z } from "zod";

export const hostMetricsSourceSchema = z.strictObject({
  intervalMs: z.number().int().min(1_000).default(10_000).describe("How often this host's metrics are read; readings fall on multiples of it."),
});

export type HostMetricsSourceOptions = z.output<typeof hostMetricsSourceSchema>;
