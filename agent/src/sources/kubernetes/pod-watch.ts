/**
 * The pods of this node as the API server knows them: list, then watch from the list's version on.
 *
 * - Bookmarks move the version on without news, so that a later watch does not begin too far back.
 * - A watch that ends is begun again at the last version; one that breaks, after a delay.
 * - 410 Gone (as a status or as an event): the version is too old, everything is listed again, and
 *   pods that the list does not have are gone.
 *   (kubernetes.io/docs/reference/using-api/api-concepts, "Efficient detection of changes")
 *
 * @kubernetes/client-node does this too, with 40 further packages and all of the API's types; what is
 * needed here is two kinds of GET.
 */

import type { Clock } from "../../core/clock.ts";
import { jsonLines } from "../containers/json-lines.ts";
import { persist } from "../../core/persist.ts";
import { ApiError, type ApiServer } from "./api-server.ts";
import type { Pod } from "./describe.ts";

const PAGE = 500;
const GONE = 410;
/** The server ends a watch after this long; without a word for a third more, the connection is dead. */
const WATCH_SECONDS = 240;

interface PodList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly Pod[];
}

interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: Pod & { readonly metadata: { readonly resourceVersion: string }; readonly code?: number; readonly message?: string };
}

export interface PodEvents {
  changed(pod: Pod): void;
  deleted(uid: string): void;
  /** All pods that there are. */
  listed(pods: readonly Pod[]): void;
  failed(error: unknown): void;
}

export interface PodWatchOptions {
  readonly api: ApiServer;
  readonly clock: Clock;
  /** Empty: of all nodes. */
  readonly node: string;
  readonly events: PodEvents;
}

export class PodWatch {
  readonly #options: PodWatchOptions;
  /** Undefined: list first. */
  #version: string | undefined;
  /** The first list may come from the server's cache (`0`): many agents start at one time. One after 410 must be newer. */
  #listVersion = "0";

  constructor(options: PodWatchOptions) {
    this.#options = options;
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
    const pods: Pod[] = [];
    let page: PodList | undefined;
    do {
      const query = this.#query({ limit: String(PAGE), ...(!page && this.#listVersion !== "" && { resourceVersion: this.#listVersion }), ...(page?.metadata.continue && { continue: page.metadata.continue }) });
      page = (await (await this.#options.api.get(`/api/v1/pods?${query}`, signal)).body.json()) as PodList;
      pods.push(...page.items);
    } while (page.metadata.continue);
    this.#options.events.listed(pods);
    this.#version = page.metadata.resourceVersion;
  }

  async #watch(signal: AbortSignal, succeeded: () => void): Promise<void> {
    const { api, events } = this.#options;
    const query = this.#query({ watch: "true", allowWatchBookmarks: "true", resourceVersion: this.#version!, timeoutSeconds: String(WATCH_SECONDS) });
    const { body } = await api.get(`/api/v1/pods?${query}`, signal, (WATCH_SECONDS * 4_000) / 3);
    let count = 0;
    for await (const event of jsonLines(body)) {
      const { type, object } = event as WatchEvent;
      if (type === "ERROR") throw new ApiError("/api/v1/pods", object.code ?? 500, object.message ?? "a watch ended with an error");
      count++;
      succeeded();
      this.#version = object.metadata.resourceVersion;
      if (type === "DELETED") events.deleted(object.metadata.uid);
      else if (type !== "BOOKMARK") events.changed(object);
    }
    // A server that ends every watch at once must not be asked in a loop.
    if (count === 0 && !signal.aborted) throw new Error("the watch ended without a word");
  }

  #query(parameters: Readonly<Record<string, string>>): URLSearchParams {
    const { node } = this.#options;
    return new URLSearchParams({ ...parameters, ...(node !== "" && { fieldSelector: `spec.nodeName=${node}` }) });
  }
}

const isGone = (error: unknown): boolean => error instanceof ApiError && error.status === GONE;
