/** The objects of one collection, as they are known now. */

import { isDeepStrictEqual } from "node:util";
import type { WatchEvents } from "../../../core/kubernetes-api/list-watch.ts";
import type { Kept } from "./objects.ts";

/** Keys of objects that are new, other than before, or gone. */
export type Changed = (keys: readonly string[]) => void;

export const keyOf = ({ namespace, name }: Pick<Kept, "namespace" | "name">): string => `${namespace}/${name}`;

export class Collection<Item extends Kept = Kept> implements WatchEvents<Item> {
  readonly #items = new Map<string, Item>();
  readonly #listeners = new Set<Changed>();
  readonly #failed: (error: unknown) => void;
  #isListed = false;

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** False: nothing is known yet. */
  get isListed(): boolean {
    return this.#isListed;
  }

  get(key: string): Item | undefined {
    return this.#items.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#items.keys();
  }

  /** The returned function ends it. */
  subscribe(listener: Changed): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  changed(item: Item): void {
    if (this.#put(item)) this.#tell([keyOf(item)]);
  }

  deleted(item: Item): void {
    if (this.#items.delete(keyOf(item))) this.#tell([keyOf(item)]);
  }

  listed(items: readonly Item[]): void {
    const there = new Set(items.map(keyOf));
    const gone = [...this.#items.keys()].filter((key) => !there.has(key));
    for (const key of gone) this.#items.delete(key);
    const news = items.filter((item) => this.#put(item)).map(keyOf);
    this.#isListed = true;
    this.#tell([...gone, ...news]);
  }

  failed(error: unknown): void {
    this.#failed(error);
  }

  /** False when nothing that is kept of it has changed: status changes far more often. */
  #put(item: Item): boolean {
    const key = keyOf(item);
    if (isDeepStrictEqual(this.#items.get(key), item)) return false;
    this.#items.set(key, item);
    return true;
  }

  #tell(keys: readonly string[]): void {
    for (const listener of this.#listeners) listener(keys);
  }
}
