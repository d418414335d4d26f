/**
 * The functions that people may call; whatever is not here does not exist. None reads anything but
 * its arguments, none waits, and none fails on a value: where ClickHouse would (a text that is no
 * number, a division by zero), NULL comes back, so that no failure can tell of rows that the
 * statement may not see.
 */

import { sql, type Fragment } from "../../sql/sql.ts";
import { commas } from "./identifiers.ts";
import type { Kind } from "./tables.ts";

/** How it is called: of one row, of many, or of many only with OVER. */
export type FunctionUse = "scalar" | "aggregate" | "window";

export interface SqlFunction {
  /** As people know it best; found in any case. */
  readonly name: string;
  readonly use: FunctionUse;
  readonly min: number;
  readonly max: number;
  /** Of the result; "first" = of the first argument, "last" = of the last. */
  readonly kind: Kind | "first" | "last";
  /** How many `f(parameters)(...)` it takes. */
  readonly parameters: readonly [min: number, max: number];
  /** Numbers of arguments that must be written out: patterns, units. */
  readonly literal: readonly number[];
  /** The number of the argument that is `x -> ...`. */
  readonly lambda: number | undefined;
  /** The call; `parameters` is what stands in the first parentheses, with them. */
  readonly write: (args: readonly Fragment[], parameters: Fragment) => Fragment;
}

type Options = Partial<Pick<SqlFunction, "parameters" | "literal" | "lambda" | "write">> & { readonly as?: Fragment };

const MANY = 100;

const define =
  (use: FunctionUse) =>
  (spelling: Fragment, min: number, max: number, kind: SqlFunction["kind"], { as = spelling, write, parameters = [0, 0], literal = [], lambda }: Options = {}): SqlFunction => ({
    name: spelling.strings.join(""),
    use,
    min,
    max,
    kind,
    parameters,
    literal,
    lambda,
    write: write ?? ((args, first) => sql`${as}${first}(${commas(args)})`),
  });

const scalar = define("scalar");
const aggregate = define("aggregate");
const window = define("window");

const cast = (type: Fragment): Options => ({ write: ([value]) => sql`accurateCastOrNull(${value!}, ${type})` });
const castOrZero = (type: Fragment): Options => ({ write: ([value]) => sql`ifNull(accurateCastOrNull(${value!}, ${type}), 0)` });
const NANOSECONDS = sql`'DateTime64(9, \\'UTC\\')'`;

const TIMES: readonly SqlFunction[] = [
  ...[sql`toStartOfSecond`, sql`toStartOfMinute`, sql`toStartOfFiveMinutes`, sql`toStartOfTenMinutes`, sql`toStartOfFifteenMinutes`, sql`toStartOfHour`, sql`toStartOfDay`, sql`toMonday`, sql`toStartOfWeek`, sql`toStartOfMonth`, sql`toStartOfQuarter`, sql`toStartOfYear`, sql`toDate`].map((name) => scalar(name, 1, 1, "time")),
  scalar(sql`toStartOfInterval`, 2, 2, "time"),
  scalar(sql`time_bucket`, 2, 2, "time", { write: ([interval, time]) => sql`toStartOfInterval(${time!}, ${interval!})` }),
  scalar(sql`date_trunc`, 2, 2, "time", { literal: [0] }),
  ...[sql`toYear`, sql`toQuarter`, sql`toMonth`, sql`toDayOfMonth`, sql`toDayOfWeek`, sql`toDayOfYear`, sql`toHour`, sql`toMinute`, sql`toSecond`, sql`toUnixTimestamp`, sql`toUnixTimestamp64Milli`, sql`toUnixTimestamp64Micro`, sql`toUnixTimestamp64Nano`].map((name) => scalar(name, 1, 1, "number")),
  scalar(sql`dateDiff`, 3, 3, "number", { literal: [0] }),
  scalar(sql`date_diff`, 3, 3, "number", { literal: [0] }),
  scalar(sql`age`, 3, 3, "number", { literal: [0] }),
  scalar(sql`formatDateTime`, 2, 2, "text", { literal: [1] }),
  scalar(sql`to_timestamp`, 1, 1, "time", { write: ([seconds]) => sql`fromUnixTimestamp64Milli(toInt64(ifNull(accurateCastOrNull(${seconds!}, 'Float64'), 0) * 1000), 'UTC')` }),
];

const NUMBERS: readonly SqlFunction[] = [
  ...[sql`abs`, sql`sign`, sql`sqrt`, sql`cbrt`, sql`exp`, sql`exp2`, sql`exp10`, sql`ln`, sql`log`, sql`log2`, sql`log10`, sql`sin`, sql`cos`, sql`tan`, sql`asin`, sql`acos`, sql`atan`, sql`degrees`, sql`radians`, sql`isNaN`, sql`isFinite`, sql`isInfinite`].map((name) => scalar(name, 1, 1, "number")),
  ...[sql`power`, sql`pow`, sql`atan2`].map((name) => scalar(name, 2, 2, "number")),
  ...[sql`round`, sql`floor`, sql`ceil`, sql`ceiling`, sql`trunc`].map((name) => scalar(name, 1, 2, "number", { literal: [1] })),
  scalar(sql`intDiv`, 2, 2, "number", { as: sql`intDivOrNull` }),
  scalar(sql`div`, 2, 2, "number", { as: sql`intDivOrNull` }),
  scalar(sql`mod`, 2, 2, "number", { as: sql`moduloOrNull` }),
  scalar(sql`pi`, 0, 0, "number"),
  scalar(sql`greatest`, 2, MANY, "first"),
  scalar(sql`least`, 2, MANY, "first"),
  ...[sql`bitAnd`, sql`bitOr`, sql`bitXor`].map((name) => scalar(name, 2, 2, "number")),
  scalar(sql`toFloat64`, 1, 1, "number", cast(sql`'Float64'`)),
  scalar(sql`toFloat64OrNull`, 1, 1, "number", cast(sql`'Float64'`)),
  scalar(sql`toFloat64OrZero`, 1, 1, "number", castOrZero(sql`'Float64'`)),
  scalar(sql`toInt64`, 1, 1, "number", cast(sql`'Int64'`)),
  scalar(sql`toInt64OrNull`, 1, 1, "number", cast(sql`'Int64'`)),
  scalar(sql`toInt64OrZero`, 1, 1, "number", castOrZero(sql`'Int64'`)),
  scalar(sql`toUInt64`, 1, 1, "number", cast(sql`'UInt64'`)),
  scalar(sql`toUInt64OrNull`, 1, 1, "number", cast(sql`'UInt64'`)),
  scalar(sql`toDateTime`, 1, 1, "time", cast(sql`'DateTime(\\'UTC\\')'`)),
  scalar(sql`toDateTime64`, 1, 2, "time", { literal: [1], ...cast(NANOSECONDS) }),
];

const TEXTS: readonly SqlFunction[] = [
  ...[sql`lower`, sql`upper`, sql`lcase`, sql`ucase`].map((name) => scalar(name, 1, 1, "text")),
  ...[sql`trim`, sql`ltrim`, sql`rtrim`, sql`reverse`, sql`toString`, sql`hex`, sql`domain`, sql`path`, sql`cutQueryString`, sql`decodeURLComponent`, sql`tryBase64Decode`, sql`base64Encode`].map((name) => scalar(name, 1, 1, "text")),
  ...[sql`length`, sql`lengthUTF8`, sql`char_length`, sql`character_length`, sql`octet_length`].map((name) => scalar(name, 1, 1, "number")),
  ...[sql`empty`, sql`notEmpty`].map((name) => scalar(name, 1, 1, "bool")),
  ...[sql`substring`, sql`substr`, sql`mid`, sql`substringUTF8`].map((name) => scalar(name, 2, 3, "text")),
  ...[sql`left`, sql`right`, sql`leftUTF8`, sql`rightUTF8`].map((name) => scalar(name, 2, 2, "text")),
  scalar(sql`concat`, 1, MANY, "text"),
  ...[sql`startsWith`, sql`endsWith`].map((name) => scalar(name, 2, 2, "bool")),
  ...[sql`position`, sql`positionCaseInsensitive`].map((name) => scalar(name, 2, 2, "number")),
  scalar(sql`strpos`, 2, 2, "number", { as: sql`position` }),
  scalar(sql`replace`, 3, 3, "text", { as: sql`replaceAll`, literal: [1, 2] }),
  scalar(sql`replaceAll`, 3, 3, "text", { literal: [1, 2] }),
  scalar(sql`replaceOne`, 3, 3, "text", { literal: [1, 2] }),
  scalar(sql`replaceRegexpOne`, 3, 3, "text", { literal: [1, 2] }),
  scalar(sql`replaceRegexpAll`, 3, 3, "text", { literal: [1, 2] }),
  scalar(sql`regexp_replace`, 3, 3, "text", { as: sql`replaceRegexpAll`, literal: [1, 2] }),
  scalar(sql`match`, 2, 2, "bool", { literal: [1] }),
  scalar(sql`extract`, 2, 2, "text", { literal: [1] }),
  scalar(sql`extractAll`, 2, 2, "array", { literal: [1] }),
  scalar(sql`regexpExtract`, 2, 3, "text", { literal: [1, 2] }),
  scalar(sql`countSubstrings`, 2, 2, "number", { literal: [1] }),
  scalar(sql`hasToken`, 2, 2, "bool", { literal: [1] }),
  scalar(sql`hasAllTokens`, 2, 2, "bool", { literal: [1] }),
  scalar(sql`hasAnyTokens`, 2, 2, "bool", { literal: [1] }),
  scalar(sql`splitByChar`, 2, 2, "array", { literal: [0] }),
  scalar(sql`splitByString`, 2, 2, "array", { literal: [0] }),
  scalar(sql`JSONExtractString`, 2, 5, "text"),
  scalar(sql`JSONExtractRaw`, 2, 5, "text"),
  scalar(sql`JSONExtractFloat`, 2, 5, "number"),
  scalar(sql`JSONExtractInt`, 2, 5, "number"),
  scalar(sql`JSONExtractBool`, 2, 5, "bool"),
  scalar(sql`JSONHas`, 2, 5, "bool"),
  scalar(sql`cityHash64`, 1, MANY, "number"),
  scalar(sql`xxHash64`, 1, 1, "number"),
];

const CHOICES: readonly SqlFunction[] = [
  scalar(sql`if`, 3, 3, "last"),
  scalar(sql`multiIf`, 3, MANY, "last"),
  scalar(sql`coalesce`, 1, MANY, "first"),
  scalar(sql`ifNull`, 2, 2, "first"),
  scalar(sql`nullIf`, 2, 2, "first"),
  ...[sql`isNull`, sql`isNotNull`].map((name) => scalar(name, 1, 1, "bool")),
];

const ARRAYS_AND_MAPS: readonly SqlFunction[] = [
  ...[sql`mapKeys`, sql`mapValues`, sql`arrayDistinct`, sql`arraySort`, sql`arrayReverseSort`, sql`arrayReverse`].map((name) => scalar(name, 1, 1, "array")),
  scalar(sql`mapContains`, 2, 2, "bool"),
  ...[sql`has`, sql`hasAll`, sql`hasAny`].map((name) => scalar(name, 2, 2, "bool")),
  scalar(sql`indexOf`, 2, 2, "number"),
  ...[sql`arraySum`, sql`arrayAvg`, sql`arrayMin`, sql`arrayMax`, sql`arrayUniq`].map((name) => scalar(name, 1, 1, "number")),
  scalar(sql`arraySlice`, 2, 3, "array"),
  scalar(sql`arrayStringConcat`, 1, 2, "text", { literal: [1] }),
  scalar(sql`arrayElement`, 2, 2, "other"),
  scalar(sql`arrayMap`, 2, 2, "array", { lambda: 0 }),
  scalar(sql`arrayFilter`, 2, 2, "array", { lambda: 0 }),
  scalar(sql`arrayExists`, 2, 2, "bool", { lambda: 0 }),
  scalar(sql`arrayAll`, 2, 2, "bool", { lambda: 0 }),
  scalar(sql`arrayCount`, 2, 2, "number", { lambda: 0 }),
  scalar(sql`arrayJoin`, 1, 1, "other"),
];

const QUANTILE: Options = { parameters: [0, 1] };

const AGGREGATES: readonly SqlFunction[] = [
  aggregate(sql`count`, 0, MANY, "number"),
  aggregate(sql`countIf`, 1, 1, "number"),
  ...[sql`sum`, sql`avg`, sql`median`, sql`stddevPop`, sql`stddevSamp`, sql`stddev_pop`, sql`stddev_samp`, sql`varPop`, sql`varSamp`, sql`var_pop`, sql`var_samp`, sql`skewPop`, sql`kurtPop`, sql`entropy`, sql`deltaSum`, sql`count_distinct`].map((name) =>
    aggregate(name, 1, 1, "number", name.strings[0] === "count_distinct" ? { as: sql`uniqExact` } : {}),
  ),
  aggregate(sql`stddev`, 1, 1, "number", { as: sql`stddevSamp` }),
  aggregate(sql`variance`, 1, 1, "number", { as: sql`varSamp` }),
  ...[sql`sumIf`, sql`avgIf`].map((name) => aggregate(name, 2, 2, "number")),
  ...[sql`min`, sql`max`, sql`any`, sql`anyLast`].map((name) => aggregate(name, 1, 1, "first")),
  aggregate(sql`any_value`, 1, 1, "first", { as: sql`any` }),
  ...[sql`minIf`, sql`maxIf`, sql`anyIf`, sql`anyLastIf`, sql`argMin`, sql`argMax`].map((name) => aggregate(name, 2, 2, "first")),
  ...[sql`uniq`, sql`uniqExact`, sql`uniqCombined`, sql`uniqHLL12`].map((name) => aggregate(name, 1, MANY, "number")),
  aggregate(sql`approx_count_distinct`, 1, 1, "number", { as: sql`uniq` }),
  ...[sql`uniqIf`, sql`uniqExactIf`].map((name) => aggregate(name, 2, 2, "number")),
  ...[sql`quantile`, sql`quantileExact`, sql`quantileTDigest`].map((name) => aggregate(name, 1, 1, "number", QUANTILE)),
  ...[sql`quantileIf`, sql`quantileExactIf`].map((name) => aggregate(name, 2, 2, "number", QUANTILE)),
  aggregate(sql`quantiles`, 1, 1, "array", { parameters: [1, 20] }),
  aggregate(sql`topK`, 1, 1, "array", { parameters: [1, 1] }),
  aggregate(sql`groupArray`, 1, 1, "array", { parameters: [0, 1] }),
  aggregate(sql`groupUniqArray`, 1, 1, "array", { parameters: [0, 1] }),
  aggregate(sql`array_agg`, 1, 1, "array", { as: sql`groupArray` }),
  aggregate(sql`histogram`, 1, 1, "array", { parameters: [1, 1] }),
  ...[sql`corr`, sql`covarPop`, sql`covarSamp`, sql`covar_pop`, sql`covar_samp`, sql`boundingRatio`].map((name) => aggregate(name, 2, 2, "number")),
  aggregate(sql`bool_and`, 1, 1, "bool", { as: sql`min` }),
  aggregate(sql`bool_or`, 1, 1, "bool", { as: sql`max` }),
];

const WINDOWS: readonly SqlFunction[] = [
  ...[sql`row_number`, sql`rank`, sql`dense_rank`, sql`percent_rank`, sql`cume_dist`].map((name) => window(name, 0, 0, "number")),
  window(sql`ntile`, 1, 1, "number", { literal: [0], write: ([buckets]) => sql`ntile(toUInt64(${buckets!}))` }),
  // Beyond the last row NULL comes back, not the type's zero.
  ...[sql`lag`, sql`lead`].map((name) => window(name, 1, 3, "first", { literal: [1], write: ([first, ...more]) => sql`${name}(${commas([sql`toNullable(${first!})`, ...more])})` })),
  ...[sql`first_value`, sql`last_value`].map((name) => window(name, 1, 1, "first")),
  window(sql`nth_value`, 2, 2, "first", { literal: [1] }),
];

export const FUNCTIONS: readonly SqlFunction[] = [...TIMES, ...NUMBERS, ...TEXTS, ...CHOICES, ...ARRAYS_AND_MAPS, ...AGGREGATES, ...WINDOWS];

const BY_NAME: ReadonlyMap<string, SqlFunction> = new Map(FUNCTIONS.map((one) => [one.name.toLowerCase(), one]));

export const findFunction = (name: string): SqlFunction | undefined => BY_NAME.get(name.toLowerCase());

const type = (names: readonly string[], kind: Kind, write: (written: Fragment) => Fragment) => names.map((name) => [name, { kind, write }] as const);
const orNull = (to: Fragment) => (written: Fragment) => sql`accurateCastOrNull(${written}, ${to})`;

/** Types of CAST. A value that does not convert becomes NULL. */
export const TYPES: ReadonlyMap<string, { readonly kind: Kind; readonly write: (written: Fragment) => Fragment }> = new Map([
  ...type(["float64", "float32", "float", "float8", "float4", "double", "real", "numeric", "decimal"], "number", orNull(sql`'Float64'`)),
  ...type(["int64", "int32", "int16", "int8", "int", "integer", "bigint", "smallint", "int2", "int4"], "number", orNull(sql`'Int64'`)),
  ...type(["uint64", "uint32", "uint16", "uint8"], "number", orNull(sql`'UInt64'`)),
  ...type(["string", "text", "varchar", "char"], "text", (written) => sql`toString(${written})`),
  ...type(["bool", "boolean"], "bool", orNull(sql`'Bool'`)),
  ...type(["date"], "time", orNull(sql`'Date32'`)),
  ...type(["datetime", "datetime64", "timestamp", "timestamptz"], "time", orNull(NANOSECONDS)),
]);
