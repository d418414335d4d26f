/** What the file source counts. Lines are counted by the shard, which sees them. */

export type FileEvent =
  | "bytes_read"
  /** A name was taken away from a followed file, by rename or by deletion. */
  | "rotations"
  /** A file lost its content but kept its inode (copytruncate); what was unread then may be lost. */
  | "truncations"
  /** The unread rest of a truncated file was found in a copy beside it. */
  | "truncations_recovered"
  /** A rotated file was found again after a restart, or one that had come and gone unseen. */
  | "rotated_found"
  /** Files left out because there are more than `maxFiles`. */
  | "files_over_limit"
  | "read_errors";

export type FileGauge = "files_followed" | "files_open" | "files_unreadable";

export interface FileCounters {
  add(event: FileEvent, by?: number): void;
  set(gauge: FileGauge, value: number): void;
}
