/** Running sums from the first series up: what each column's top is drawn at. */
export const stack = (series: readonly (readonly (number | null)[])[]): (number | null)[][] => {
  const total: number[] = [];
  return series.map((values) =>
    values.map((value, i) => {
      total[i] = (total[i] ?? 0) + (value ?? 0);
      return value === null ? null : total[i];
    }),
  );
};
