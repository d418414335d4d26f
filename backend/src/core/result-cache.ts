/** Where answers of the store are kept for a while, by what was asked. */

export interface ResultCache {
  /** undefined: not there, no longer there, or the cache is away. Never throws. */
  get(key: string): Promise<string | undefined>;
  /** May do nothing. Never throws. */
  set(key: string, text: string, lifetimeMs: number): Promise<void>;
  close(): Promise<void>;
}
