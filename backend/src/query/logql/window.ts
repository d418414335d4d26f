/**
 * Where an entry belongs in a range aggregation. The ranges of neighbouring steps overlap; the ends of all of
 * them cut time into cells, each of which lies wholly within a range or wholly outside of it. An entry is counted
 * into its one cell, and a step's value is made of the cells in its range.
 *
 * With x = ns from the beginning of the first range, and ranges open to the left, cell 2q is (q * step, q * step +
 * rest] and cell 2q + 1 what follows up to (q + 1) * step, where rest = range mod step.
 */

export interface RangeGrid {
  /** Left end of the first range, ns since 1970; it does not belong to it. */
  readonly leftNs: bigint;
  readonly rangeNs: bigint;
  readonly stepNs: bigint;
  readonly steps: number;
}

/** `startNs` is the first step; an instant query has one step. */
export const rangeGrid = ({ startNs, stepNs, steps }: { readonly startNs: bigint; readonly stepNs: bigint; readonly steps: number }, rangeNs: bigint, offsetNs: bigint): RangeGrid => ({
  leftNs: startNs - offsetNs - rangeNs,
  rangeNs,
  stepNs: steps === 1 ? rangeNs : stepNs,
  steps,
});

/** The last time that belongs to a range. */
export const rightEnd = ({ leftNs, rangeNs, stepNs, steps }: RangeGrid): bigint => leftNs + BigInt(steps - 1) * stepNs + rangeNs;

export const restOf = ({ rangeNs, stepNs }: RangeGrid): bigint => rangeNs % stepNs;

/** First cell of a step's range, and the one behind its last. */
export const cellsOf = (grid: RangeGrid): ((step: number) => readonly [from: number, to: number]) => {
  const whole = Number(grid.rangeNs / grid.stepNs);
  const half = restOf(grid) > 0n ? 1 : 0;
  return (step) => [2 * step, 2 * (step + whole) + half];
};
