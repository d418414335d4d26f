/** What rollups must come to, in plain code: for tests. */

export interface Sample {
  readonly ms: number;
  readonly value: number;
}

export interface RollupRow {
  readonly end: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly increase: number;
  readonly entering: number;
}

const growth = (before: number | undefined, value: number): number => (before === undefined ? 0 : value < before ? value : value - before);

/** Windows of one series, in order; samples in any order, with different times. */
export const rollUp = (samples: readonly Sample[], widthMs: number, predecessorMs = 3_600_000): RollupRow[] => {
  const sorted = samples.toSorted((a, b) => a.ms - b.ms);
  const windows = new Map<number, { sample: Sample; grown: number }[]>();
  sorted.forEach((sample, index) => {
    const before = sorted[index - 1];
    const minute = Math.ceil(sample.ms / 60_000) * 60_000;
    // The first of a minute looks back from the minute's beginning, by whole minutes.
    const isNear = before !== undefined && Math.ceil(before.ms / 60_000) * 60_000 > minute - 60_000 - predecessorMs;
    const end = Math.ceil(sample.ms / widthMs) * widthMs;
    windows.set(end, [...(windows.get(end) ?? []), { sample, grown: growth(isNear ? before.value : undefined, sample.value) }]);
  });
  return [...windows].map(([end, members]) => {
    const values = members.map(({ sample }) => sample.value);
    return {
      end,
      min: Math.min(...values),
      max: Math.max(...values),
      sum: values.reduce((sum, value) => sum + value, 0),
      count: values.length,
      first: values[0]!,
      last: values.at(-1)!,
      first_ms: members[0]!.sample.ms,
      last_ms: members.at(-1)!.sample.ms,
      increase: members.reduce((sum, { grown }) => sum + grown, 0),
      entering: members[0]!.grown,
    };
  });
};
