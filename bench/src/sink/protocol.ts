/** What the sink process tells the bench, and the file it records bodies in. */

export type SinkMessage =
  | { readonly kind: "listening"; readonly port: number }
  /** Totals after each acknowledgement; repeats of a batch count once in `rows`, always in `wireBytes`. */
  | { readonly kind: "acknowledged"; readonly rows: number; readonly batches: number; readonly wireBytes: number };

/** Head of one recorded body. On disk: u32 length of this as JSON, the JSON, u32 length of the body, the body (little endian). */
export interface BodyHead {
  readonly stream: string;
  readonly batch: string;
  readonly rows: number;
  readonly rawBytes: number;
  readonly attempt: number;
}
