import type { Content } from "./position.ts";

const KEPT_PER_NAME = 16;

/**
 * Contents that were read under a name and are not there any more: truncated, or gone with their
 * file. A copy with a rotated name is recognised by them.
 */
export class ContentHistory {
  readonly #byPath = new Map<string, readonly Content[]>();

  /** Newest last. Empty content is not remembered: every file begins like it. */
  remember(path: string, contents: readonly Content[]): void {
    const telling = contents.filter(({ fingerprint }) => fingerprint.length > 0);
    if (telling.length > 0) this.#byPath.set(path, [...this.of(path), ...telling].slice(-KEPT_PER_NAME));
  }

  of(path: string): readonly Content[] {
    return this.#byPath.get(path) ?? [];
  }
}
