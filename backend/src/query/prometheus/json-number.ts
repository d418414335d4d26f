/** Numbers of ClickHouse's JSON, where what JSON has no numbers for is text. */

export type JsonNumber = number | string;

export const numberOf = (value: JsonNumber): number => (typeof value === "number" ? value : value === "inf" ? Number.POSITIVE_INFINITY : value === "-inf" ? Number.NEGATIVE_INFINITY : Number.NaN);
