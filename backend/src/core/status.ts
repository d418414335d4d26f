/** `GET /api/v1/status`. */

export interface Status {
  readonly version: string;
  readonly uptime_seconds: number;
  readonly store: {
    readonly up: boolean;
    readonly embedded: boolean;
    readonly disk: DiskStatus;
  };
  readonly metadata: { readonly up: boolean };
}

export interface DiskStatus {
  /** Bytes of all tables when last measured; null before the first time. */
  readonly used_bytes: number | null;
  /** null: no budget. */
  readonly max_bytes: number | null;
  /** Day of the oldest rows that are kept, `2026-11-22`; null when there are none. */
  readonly oldest_day: string | null;
  /** Bytes dropped since the start to stay within the budget. */
  readonly dropped_bytes: number;
}
