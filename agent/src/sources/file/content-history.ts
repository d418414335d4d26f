import type { Content } from "./position.ts";

const KEPT_PER_NAME = 16;
/** Names come and go, of pods for one; the oldest go first. */
const MAX_NAMES = 10_000;

/**
 * Contents that were read under a name and are not there any more: truncated, or gone with their
 * file. A copy with a rotated name is recognised by them.
 */
export class ContentHistory {
  readonly #byPath = new Map<string, readonly Content[]>();

  /** Newest last. Empty content is not remembered: every file begins like it. */
  remember(path: string, added: readonly Content[]): void {
    const telling = added.filter(({ fingerprint }) => fingerprint.length > 0);
    if (telling.length === 0) return;
    const contents = [...this.of(path), ...telling].slice(-KEPT_PER_NAME);
    this.#byPath.delete(path);
    this.#byPath.set(path, contents);
    if (this.#byPath.size > MAX_NAMES) this.#byPath.delete(this.#byPath.keys().next().value!);
  }

  of(path: string): readonly Content[] {
    return this.#byPath.get(path) ?? [];
  }
}
