import { xxHash64 } from "./xx-hash64.ts";

/**
 * Id of a series: xxHash64 of the metric's name and its labels sorted by name (in UTF-16 code unit
 * order), every part ended by NUL. In ClickHouse: `xxHash64(concat(metric, '\0', k1, '\0', v1, '\0', ...))`.
 */
export const seriesId = (metric: string, labels: Readonly<Record<string, string>>): bigint => {
  let text = `${metric}\0`;
  for (const name of Object.keys(labels).sort()) text += `${name}\0${labels[name]}\0`;
  return xxHash64(Buffer.from(text));
};
