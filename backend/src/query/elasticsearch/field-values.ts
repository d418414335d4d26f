/** Fields as SQL values: the text of one, the number of one, and whether a row has it. */

import { INDEX_ATTRIBUTE } from "../../core/elasticsearch-names.ts";
import { param, sql, type Fragment } from "../../sql/sql.ts";
import type { QueryField } from "../fields.ts";

/** The first of an attribute's keys that the row has. A key that is not there reads as "". */
const attributeText = (keys: readonly string[]): Fragment =>
  keys.length === 1 ? sql`attributes[${param.string(keys[0]!)}]` : sql`if(mapContains(attributes, ${param.string(keys[0]!)}), attributes[${param.string(keys[0]!)}], attributes[${param.string(keys[1]!)}])`;

/** The index that a row was written to, else that of its day. */
const indexText: Fragment = sql`if(attributes['_index'] != '', attributes['_index'], concat('logs-', formatDateTime(timestamp, '%Y.%m.%d', 'UTC')))`;

/** The value as text, "" where the row has none. Times are ms since 1970. */
export const fieldText = (field: QueryField): Fragment => {
  switch (field.kind) {
    case "message":
      return sql`message`;
    case "level":
      return sql`toString(level)`;
    case "attribute":
      return field.keys[0] === INDEX_ATTRIBUTE ? indexText : attributeText(field.keys);
    case "id":
      return field.column === "trace_id" ? sql`if(trace_id = toFixedString('', 16), '', lower(hex(trace_id)))` : sql`if(span_id = toFixedString('', 8), '', lower(hex(span_id)))`;
    case "row":
      return attributeText(["_id"]);
    case "column":
      return field.column === "service" ? sql`toString(service)` : field.column === "host" ? sql`toString(host)` : sql`toString(environment)`;
    case "number":
      return field.column === "severity" ? sql`if(severity = 0, '', toString(severity))` : field.column === "pattern" ? sql`if(pattern = 0, '', toString(pattern))` : sql`toString(weight)`;
    case "time":
      return sql`toString(${timeMs(field.column)})`;
  }
};

/** ms since 1970, as Int64. */
export const timeMs = (column: "timestamp" | "observed" | "received"): Fragment =>
  column === "timestamp" ? sql`toUnixTimestamp64Milli(timestamp)` : column === "observed" ? sql`toUnixTimestamp64Milli(observed)` : sql`toUnixTimestamp64Milli(received)`;

/** The value as a number, NULL where the row has none; undefined for fields that are no numbers. Attributes are read as decimal numbers. */
export const fieldNumber = (field: QueryField): Fragment | undefined => {
  switch (field.kind) {
    case "attribute": {
      const number = sql`toFloat64OrNull(${fieldText(field)})`;
      return sql`if(isFinite(${number}), ${number}, NULL)`;
    }
    case "number":
      return field.column === "severity" ? sql`if(severity = 0, NULL, toFloat64(severity))` : field.column === "weight" ? sql`toNullable(toFloat64(weight))` : undefined;
    case "time":
      return sql`toNullable(toFloat64(${timeMs(field.column)}))`;
    default:
      return undefined;
  }
};
