import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { add, addAll, isReset, subtract } from "./combine.ts";
import { allBuckets, boundOf, CUSTOM_SCHEMA, EMPTY_HISTOGRAM, isEqual, multiply, toSchema, type Buckets, type FloatHistogram } from "./float-histogram.ts";
import { fractionOf, quantileOf, varianceOf } from "./quantile.ts";
import { trimAbove, trimBelow } from "./trim.ts";

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const bucketSum = (histogram: FloatHistogram): number => sum(allBuckets(histogram).map(({ count }) => count));

const buckets: fc.Arbitrary<Buckets> = fc.dictionary(fc.integer({ min: -6, max: 6 }).map(String), fc.integer({ min: 0, max: 20 }), { maxKeys: 6 }).map((counts) => {
  const indexes = Object.keys(counts).map(Number).sort((one, other) => one - other);
  return { indexes, counts: indexes.map((index) => counts[index]!) };
});

const exponential: fc.Arbitrary<FloatHistogram> = fc
  .record({ schema: fc.integer({ min: -2, max: 4 }), zeroThreshold: fc.constantFrom(0, 0.001, 0.3, 2), zeroCount: fc.integer({ min: 0, max: 9 }), positive: buckets, negative: buckets })
  .map((parts) => {
    // Nothing lies in the zero bucket twice.
    const outside = ({ indexes, counts }: Buckets): Buckets => {
      const kept = indexes.map((index, at) => [index, counts[at]!] as const).filter(([index]) => boundOf(index - 1, parts.schema) >= parts.zeroThreshold);
      return { indexes: kept.map(([index]) => index), counts: kept.map(([, count]) => count) };
    };
    const histogram = { ...EMPTY_HISTOGRAM, ...parts, positive: outside(parts.positive), negative: outside(parts.negative) };
    return { ...histogram, count: bucketSum(histogram), sum: bucketSum(histogram) * 1.5 };
  });

const custom: fc.Arbitrary<FloatHistogram> = fc.uniqueArray(fc.integer({ min: -5, max: 9 }), { maxLength: 5 }).chain((bounds) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: bounds.length + 1, maxLength: bounds.length + 1 }).map((counts) => ({
    ...EMPTY_HISTOGRAM, schema: CUSTOM_SCHEMA, customValues: bounds.toSorted((one, other) => one - other), positive: { indexes: counts.map((_count, index) => index), counts }, count: sum(counts), sum: sum(counts),
  })));

const pair = fc.oneof(fc.tuple(exponential, exponential), fc.tuple(custom, custom));
const any = fc.oneof(exponential, custom);

describe("histograms", () => {
  it("add up without losing an observation, in any order", () =>
    fc.assert(fc.property(pair, ([one, other]) => {
      const [both, reversed] = [add(one, other)!.histogram, add(other, one)!.histogram];
      expect(bucketSum(both)).toBe(both.count);
      expect(both.count).toBe(one.count + other.count);
      expect(isEqual(both, reversed)).toBe(true);
      expect(isEqual(addAll([one, other], sum)!.histogram, both)).toBe(true);
    })));

  it("give back what was added, when it is taken away", () =>
    fc.assert(fc.property(exponential, exponential, (first, second) => {
      // What a wider zero bucket took in does not come out again.
      const [one, other] = [first, second].map((histogram) => ({ ...histogram, zeroThreshold: 0 })) as [FloatHistogram, FloatHistogram];
      const rest = subtract(add(one, other)!.histogram, other)!.histogram;
      const layout = add(one, multiply(other, 0))!.histogram;
      expect(isEqual(rest, layout)).toBe(true);
    })));

  it("only grow while nothing is reset", () =>
    fc.assert(fc.property(exponential, exponential, (one, more) => {
      const grown = add(one, { ...more, schema: Math.max(more.schema, one.schema), zeroThreshold: 0, zeroCount: 0, count: bucketSum({ ...more, zeroCount: 0 }) })!.histogram;
      expect(isReset(grown, one)).toBe(false);
      expect(isReset(multiply(one, 0.5), one)).toBe(one.count > 0);
    })));

  it("are not put together with others of another kind", () => {
    const one = fc.sample(exponential, 1)[0]!;
    const other = fc.sample(custom, 1)[0]!;
    expect([add(one, other), subtract(other, one), addAll([one, other], sum)]).toEqual([undefined, undefined, undefined]);
  });

  it("keep their observations in a coarser schema", () =>
    fc.assert(fc.property(exponential, fc.integer({ min: 0, max: 3 }), (histogram, by) => {
      const coarse = toSchema(histogram, histogram.schema - by);
      expect(bucketSum(coarse)).toBe(bucketSum(histogram));
      expect(allBuckets(coarse).length).toBeLessThanOrEqual(allBuckets(histogram).length);
    })));

  it("have quantiles that go up, within their buckets, and fractions that undo them", () =>
    fc.assert(fc.property(any, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (histogram, one, other) => {
      fc.pre(histogram.count > 0 && (histogram.schema !== CUSTOM_SCHEMA || histogram.customValues.length > 0));
      const [low, high] = [quantileOf(Math.min(one, other), histogram).value, quantileOf(Math.max(one, other), histogram).value];
      expect(low - high).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(low)));
      const filled = allBuckets(histogram);
      expect(low).toBeGreaterThanOrEqual(filled[0]!.lower);
      expect(high).toBeLessThanOrEqual(filled.at(-1)!.upper);
      expect(fractionOf(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, histogram)).toBeCloseTo(1, 9);
    })));

  it("are cut in two without losing an observation", () =>
    fc.assert(fc.property(exponential, fc.double({ min: -70, max: 70, noNaN: true }), (histogram, at) => {
      const [below, above] = [trimAbove(histogram, at), trimBelow(histogram, at)];
      expect(below.count + above.count).toBeCloseTo(histogram.count, 6);
      for (const bucket of allBuckets(below)) expect(bucket.lower).toBeLessThanOrEqual(at);
      for (const bucket of allBuckets(above)) expect(bucket.upper).toBeGreaterThanOrEqual(at);
    })));

  it.each([
    [0.25, 1.189207115002721],
    [0.5, Math.SQRT2],
    [1, 2],
    [-0.1, Number.NEGATIVE_INFINITY],
    [1.1, Number.POSITIVE_INFINITY],
  ])("quantile %d of one bucket", (q, value) => expect(quantileOf(q, { ...EMPTY_HISTOGRAM, count: 4, sum: 6, positive: { indexes: [1], counts: [4] } }).value).toBeCloseTo(value, 12));

  it("know how far their values lie apart", () => expect(varianceOf({ ...EMPTY_HISTOGRAM, count: 2, sum: 2 * Math.SQRT2, positive: { indexes: [1], counts: [2] } })).toBeCloseTo(0, 12));
});
