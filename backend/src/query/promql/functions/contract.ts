/** A function over evaluated arguments. Those over ranges are in range-functions/. */

import type { Annotations } from "../annotations.ts";
import type { Call } from "../syntax.ts";
import type { Grid, Value } from "../values.ts";

export interface FunctionContext {
  readonly call: Call;
  readonly grid: Grid;
  readonly annotations: Annotations;
}

export type VectorFunction = (args: readonly Value[], context: FunctionContext) => Value;
