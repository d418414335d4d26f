/** A histogram as text, as `count_values` names it: Prometheus' form. */

import { formatShort } from "../numbers.ts";
import { allBuckets, type Bucket, type FloatHistogram } from "./float-histogram.ts";

const bucketText = ({ lower, upper, count, lowerInclusive, upperInclusive }: Bucket): string =>
  `${lowerInclusive ? "[" : "("}${formatShort(lower)},${formatShort(upper)}${upperInclusive ? "]" : ")"}:${formatShort(count)}`;

export const describe = (histogram: FloatHistogram): string =>
  `{count:${formatShort(histogram.count)}, sum:${formatShort(histogram.sum)}${allBuckets(histogram).map((bucket) => `, ${bucketText(bucket)}`).join("")}}`;
