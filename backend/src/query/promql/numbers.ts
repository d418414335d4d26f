/** Sums, means and quantiles of floats, with little loss to rounding. */

/** Kahan's sum in Neumaier's form. */
export const sum = (values: Iterable<number>): number => {
  let [total, compensation] = [0, 0];
  for (const value of values) {
    const next = total + value;
    if (!Number.isFinite(next)) compensation = 0;
    else if (Math.abs(total) >= Math.abs(value)) compensation += total - next + value;
    else compensation += value - next + total;
    total = next;
  }
  return Number.isFinite(total) ? total + compensation : total;
};

/** Falls back to a running mean where the sum would be too large. */
export const average = (values: Float64Array | readonly number[]): number => {
  const total = sum(values);
  if (Number.isFinite(total) || values.length === 0) return total / values.length;
  let [mean, compensation, count] = [0, 0, 0];
  for (const value of values) {
    count += 1;
    if (!Number.isFinite(mean) && (mean === value || (!Number.isFinite(value) && !Number.isNaN(value) && mean === value) || Number.isFinite(value))) continue;
    const part = value / count - (mean + compensation) / count;
    const next = mean + part;
    if (!Number.isFinite(next)) compensation = 0;
    else if (Math.abs(mean) >= Math.abs(part)) compensation += mean - next + part;
    else compensation += part - next + mean;
    mean = next;
  }
  return Number.isFinite(mean) ? mean + compensation : mean;
};

/** Welford's method; of a whole population. */
export const meanAndVariance = (values: Iterable<number>): { readonly mean: number; readonly variance: number } => {
  let [count, mean, squares] = [0, 0, 0];
  for (const value of values) {
    count += 1;
    const delta = value - mean;
    mean += delta / count;
    squares += delta * (value - mean);
  }
  return { mean, variance: squares / count };
};

/** NaN is less than any other value. */
export const ascending = (one: number, other: number): number => {
  if (Number.isNaN(one)) return Number.isNaN(other) ? 0 : -1;
  return Number.isNaN(other) ? 1 : one - other || 0;
};

/** Of other values the given order; NaN comes behind them. */
export const nanLast =
  (order: (one: number, other: number) => number) =>
  (one: number, other: number): number =>
    Number.isNaN(one) || Number.isNaN(other) ? Number(Number.isNaN(one)) - Number(Number.isNaN(other)) : order(one, other);

/** The first of the best ones; NaN only where there is nothing else. */
export const extreme =
  (isBetter: (one: number, other: number) => boolean) =>
  (values: Float64Array | readonly number[]): number => {
    let best = values[0]!;
    for (const value of values) if (isBetter(value, best) || Number.isNaN(best)) best = value;
    return best;
  };

/** Linear between neighbours. NaN of nothing. */
export const quantile = (q: number, values: ArrayLike<number>): number => {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const sorted = Array.from(values).sort(ascending);
  const rank = q * (sorted.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return sorted[lower]! * (1 - weight) + sorted[upper]! * weight;
};

/** As Go prints with %g. */
export const formatShort = (value: number): string => (value === Number.POSITIVE_INFINITY ? "+Inf" : value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value));

/** As OpenMetrics writes bounds and quantiles: `1.0`. */
export const formatOpenMetrics = (value: number): string => (Number.isInteger(value) ? `${formatPlain(value)}.0` : formatShort(value));

/** As Go's strconv.FormatFloat(v, 'f', -1, 64): never with an exponent. */
export const formatPlain = (value: number): string => {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  if (Number.isNaN(value)) return "NaN";
  const text = Object.is(value, -0) ? "-0" : String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!match) return text;
  const [, sign, whole, fraction = "", exponent] = match;
  const shift = Number(exponent);
  const digits = whole! + fraction;
  if (shift < 0) return `${sign}0.${"0".repeat(-shift - 1)}${digits}`;
  return sign + digits.padEnd(shift + 1, "0") + (digits.length > shift + 1 ? `.${digits.slice(shift + 1)}` : "");
};
