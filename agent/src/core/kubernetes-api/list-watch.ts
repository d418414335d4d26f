/**
 * The objects of a collection as the API server knows them: list, then watch from the list's version on.
 *
 * - Bookmarks move the version on without news, so that a later watch does not begin too far back.
 * - A watch that ends is begun again at the last version; one that breaks, after a delay.
 * - 410 Gone (as a status or as an event): the version is too old, everything is listed again, and
 *   objects that the list does not have are gone.
 *   (kubernetes.io/docs/reference/using-api/api-concepts, "Efficient detection of changes")
 *
 * @kubernetes/client-node does this too, with 40 further packages and all of the API's types; what is
 * needed here is two kinds of GET.
 */

import type { Clock } from "../clock.ts";
import { jsonLines } from "../json-lines.ts";
import { persist } from "../persist.ts";
import { ApiError, type ApiServer } from "./api-server.ts";

const PAGE = 500;
const GONE = 410;
/** The server ends a watch after this long; without a word for a third more, the connection is dead. */
const WATCH_SECONDS = 240;

interface ListPage {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly unknown[];
}

interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: { readonly metadata: { readonly resourceVersion: string }; readonly code?: number; readonly message?: string };
}

export interface WatchEvents<Item> {
  changed(item: Item): void;
  deleted(item: Item): void;
  /** All that there are. */
  listed(items: readonly Item[]): void;
  failed(error: unknown): void;
}

export interface ListWatchOptions<Item> {
  readonly api: ApiServer;
  readonly clock: Clock;
  /** Of the collection, such as `/api/v1/pods`. */
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /**
   * `cached`: the first list may come from the server's cache, which spares etcd when many agents start at
   * one time but may ignore the size of pages; `paged`: no answer is longer than a page (decision 0083).
   */
  readonly firstList: "cached" | "paged";
  /** What is kept of an object of the API. */
  readonly take: (object: unknown) => Item;
  readonly events: WatchEvents<Item>;
}

export class ListWatch<Item> {
  readonly #options: ListWatchOptions<Item>;
  /** Undefined: list first. */
  #version: string | undefined;
  /** "0": any version that the server has at hand. A list after 410 must be newer. */
  #listVersion: "" | "0";

  constructor(options: ListWatchOptions<Item>) {
    this.#options = options;
    this.#listVersion = options.firstList === "cached" ? "0" : "";
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, events } = this.#options;
    return persist((succeeded) => this.#once(signal, succeeded), { clock, signal, failed: (error) => events.failed(error) });
  }

  async #once(signal: AbortSignal, succeeded: () => void): Promise<void> {
    try {
      if (this.#version === undefined) await this.#list(signal);
      await this.#watch(signal, succeeded);
    } catch (error) {
      // A watch that is told so at once comes from a list that was too old: the delay applies.
      if (isGone(error)) {
        this.#version = undefined;
        this.#listVersion = "";
      }
      throw error;
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { api, path, take, events } = this.#options;
    const items: Item[] = [];
    let page: ListPage | undefined;
    do {
      const query = this.#query({ limit: String(PAGE), ...(!page && this.#listVersion !== "" && { resourceVersion: this.#listVersion }), ...(page?.metadata.continue && { continue: page.metadata.continue }) });
      page = (await (await api.get(`${path}?${query}`, signal)).body.json()) as ListPage;
      for (const object of page.items) items.push(take(object));
    } while (page.metadata.continue);
    events.listed(items);
    this.#version = page.metadata.resourceVersion;
  }

  async #watch(signal: AbortSignal, succeeded: () => void): Promise<void> {
    const { api, path, take, events } = this.#options;
    const query = this.#query({ watch: "true", allowWatchBookmarks: "true", resourceVersion: this.#version!, timeoutSeconds: String(WATCH_SECONDS) });
    const { body } = await api.get(`${path}?${query}`, signal, (WATCH_SECONDS * 4_000) / 3);
    let count = 0;
    for await (const event of jsonLines(body)) {
      const { type, object } = event as WatchEvent;
      if (type === "ERROR") throw new ApiError(path, object.code ?? 500, object.message ?? "a watch ended with an error");
      count++;
      succeeded();
      this.#version = object.metadata.resourceVersion;
      if (type === "DELETED") events.deleted(take(object));
      else if (type !== "BOOKMARK") events.changed(take(object));
    }
    // A server that ends every watch at once must not be asked in a loop.
    if (count === 0 && !signal.aborted) throw new Error("the watch ended without a word");
  }

  #query(parameters: Readonly<Record<string, string>>): URLSearchParams {
    const { labelSelector, fieldSelector } = this.#options;
    return new URLSearchParams({ ...parameters, ...(labelSelector && { labelSelector }), ...(fieldSelector && { fieldSelector }) });
  }
}

const isGone = (error: unknown): boolean => error instanceof ApiError && error.status === GONE;
