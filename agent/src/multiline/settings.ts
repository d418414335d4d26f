/** How lines of a stream are joined to records, as the row pass takes it: sizes in bytes, times in ms. */

export interface MultilineSettings {
  /** Regular expressions (RE2). Without any of the three, records are recognised by what they look like. */
  readonly start?: string | undefined;
  readonly continuation?: string | undefined;
  readonly end?: string | undefined;
  /** A record to which more lines may belong is released after this long without any. */
  readonly lingerMs: number;
  /** A record with this many lines, or bytes, takes no more. */
  readonly maxLines: number;
  readonly maxBytes: number;
}

export const DEFAULT_MULTILINE: MultilineSettings = { lingerMs: 1_000, maxLines: 2_000, maxBytes: 512 * 1024 };

/** From a group of the configuration file. */
export const multilineSettings = (options: { start?: string | undefined; continuation?: string | undefined; end?: string | undefined; linger: number; max_lines: number; max_size: number } | undefined): MultilineSettings | undefined =>
  options && { start: options.start, continuation: options.continuation, end: options.end, lingerMs: options.linger, maxLines: options.max_lines, maxBytes: options.max_size };

/**
 * Lines that look complete wait this long for a continuation, less than a batch waits for its seal
 * (300 ms by default), so that ordinary lines are found no later for it.
 */
export const BRIEF_MS = 100;
