/** Values of the store's JSON -> those of the answer. */

const INTEGERS = /^(?:LowCardinality\()?(?:Nullable\()?U?Int(?:64|128|256)\b/;

/** A 64-bit integer comes as text, and stays text where a double cannot hold it. */
const integer = (value: unknown): unknown => {
  if (typeof value !== "string") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

/** Reads a line of JSONCompactEachRow. */
export const valueReader = (types: readonly string[]): ((line: string) => unknown[]) => {
  const integers = types.flatMap((type, i) => (INTEGERS.test(type) ? [i] : []));
  return (line) => {
    const values = JSON.parse(line) as unknown[];
    for (const i of integers) values[i] = integer(values[i]);
    return values;
  };
};
