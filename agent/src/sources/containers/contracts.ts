/** What the sources of containers' logs share: who a container is, and how its files are followed. */

import type { Clock } from "../../core/clock.ts";
import type { LineShard, Source } from "../../core/contracts.ts";
import type { Log } from "../../core/log.ts";

/** What is known of the container behind a log. One object as long as nothing changes. */
export interface Description {
  readonly service: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Somebody asked that its logs stay where they are. */
  readonly excluded: boolean;
}

/** Containers by the paths of their logs; a log without one by the id of its stream. */
export interface ContainerBook {
  describe(log: string): Description;
  /** Pending while more may become known soon; undefined when there is nothing to wait for. */
  hold(log: string): Promise<void> | undefined;
}

export type ContainerEvent =
  /** Pieces that were put together to lines. */
  | "partials_joined"
  /** Lines whose end did not come in time, or that are too long: the rest becomes a line of its own. */
  | "partials_split"
  /** Lines that are no envelope; they are kept as they are. */
  | "envelopes_malformed"
  | "bytes_excluded"
  /** Files whose metadata did not come in time. */
  | "metadata_late"
  | "metadata_errors";

export interface ContainerCounters<Event extends string = string, Gauge extends string = string> {
  add(event: Event | ContainerEvent, by?: number): void;
  set(gauge: Gauge, value: number): void;
}

/** What of the file source is asked for; pipeline.ts puts it in. */
export interface FollowFiles {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly readFrom: "beginning" | "end" | number;
  readonly environment: string;
}

export interface FollowDeps {
  readonly positions: Iterable<readonly [string, Uint8Array]>;
  /** A file is not read while the promise for its path is pending. */
  readonly hold: (path: string) => Promise<void> | undefined;
  /** A file that was not read to its end is tried again when it has been quiet for this long. */
  readonly retryQuietMs: number;
}

export type Follow = (options: FollowFiles, shard: LineShard, deps: FollowDeps) => Source;

export interface ContainerSourceDeps {
  /** Positions as the buffer holds them at start, by stream id. */
  readonly positions: Iterable<readonly [string, Uint8Array]>;
  readonly clock: Clock;
  readonly log: Log;
  /** Host name of the rows. */
  readonly host: string;
  readonly counters: ContainerCounters;
  readonly follow: Follow;
}
