/** Fields as rows are ordered by them: as text for the hit, and as values that compare. */

import { param, sql, type Fragment } from "../../../sql/sql.ts";
import type { QueryField } from "../../fields.ts";
import { fieldText } from "../field-values.ts";

/** `place`: the row's own place (time, batch, row). `score`: the same for all rows. */
export type SortedField = QueryField | { readonly kind: "place" } | { readonly kind: "score" };

/** What a hit shows of the key; "" where the row has none. */
export const sortedText = (field: SortedField): Fragment => {
  switch (field.kind) {
    case "place":
    case "score":
      return sql`''`;
    default:
      return fieldText(field);
  }
};

/**
 * Values that compare, of the row or of a text. Attributes are text: numbers come before words, by
 * their size and then by their spelling. Levels go by severity.
 */
export const sortedValue = (field: SortedField, text?: string): readonly Fragment[] => {
  const value = text === undefined ? sortedText(field) : sql`${param.string(text)}`;
  switch (field.kind) {
    case "score":
      // Not a bare 1: in ORDER BY that is the first column.
      return [sql`toUInt8(1)`];
    case "time":
      return [sql`toInt64(${value})`];
    case "number":
      return field.column === "weight" ? [sql`toFloat32OrZero(${value})`] : [sql`toUInt64OrZero(${value})`];
    case "level":
      return [text === undefined ? sql`intDiv(severity + 3, 4)` : sql`indexOf(['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'], ${value})`];
    case "attribute": {
      const number = sql`toFloat64OrNull(${value})`;
      const isNumber = sql`ifNull(isFinite(${number}), 0)`;
      return [sql`NOT ${isNumber}`, sql`if(${isNumber}, assumeNotNull(${number}), 0)`, value];
    }
    default:
      return [value];
  }
};
