/** `typed_keys`: `sterms#name` in place of `name`, for clients that read answers by their types. */

import { isObject } from "../json.ts";
import type { AggregationNode, Shape } from "./node.ts";

export const withTypedKeys = (nodes: readonly AggregationNode[], members: Shape): Shape => {
  const typed: Shape = { ...members };
  for (const { name, type, children } of nodes) {
    if (!Object.hasOwn(members, name)) continue;
    delete typed[name];
    typed[`${type}#${name}`] = children.length === 0 ? members[name] : withinBuckets(children, members[name] as Shape);
  }
  return typed;
};

const withinBuckets = (children: readonly AggregationNode[], shape: Shape): Shape => {
  const { buckets } = shape;
  if (Array.isArray(buckets)) return { ...shape, buckets: buckets.map((bucket: Shape) => withTypedKeys(children, bucket)) };
  if (isObject(buckets)) return { ...shape, buckets: Object.fromEntries(Object.entries(buckets).map(([key, bucket]) => [key, withTypedKeys(children, bucket as Shape)])) };
  return withTypedKeys(children, shape);
};
