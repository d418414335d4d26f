/** Of samples the one that says that a series ended: NaN with these bits (Prometheus' staleness marker). */
export const STALE_BITS = 9_218_868_437_227_405_314n;

/** Rollups of samples, from fine to coarse. */
export const ROLLUP_NAMES = ["1m", "1h", "1d"] as const;
export type RollupName = (typeof ROLLUP_NAMES)[number];

export interface Rollup {
  readonly name: RollupName;
  readonly table: `samples_${RollupName}`;
  readonly seconds: number;
  /** How long its rows are kept. */
  readonly days: number;
}

export const ROLLUPS: Readonly<Record<RollupName, Rollup>> = {
  "1m": { name: "1m", table: "samples_1m", seconds: 60, days: 90 },
  "1h": { name: "1h", table: "samples_1h", seconds: 3_600, days: 365 },
  "1d": { name: "1d", table: "samples_1d", seconds: 86_400, days: 1_825 },
};
