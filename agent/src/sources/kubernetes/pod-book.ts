/** Pods by the paths of their logs. */

import type { Clock } from "../../core/clock.ts";
import type { WatchEvents } from "../../core/kubernetes-api/list-watch.ts";
import type { ContainerBook, ContainerCounters, Description } from "../containers/contracts.ts";
import { WaitingRoom } from "../containers/waiting-room.ts";
import { describePlace, describePodContainer, type DescribeOptions, type Pod } from "./describe.ts";
import { placeOfLog, type LogPlace } from "./log-path.ts";

/** Deleted pods that are still known: their last lines are read after they are gone. */
const MAX_DELETED = 1_000;
/** Descriptions are made anew beyond this many logs. */
const MAX_DESCRIBED = 10_000;

export interface PodBookOptions extends DescribeOptions {
  readonly clock: Clock;
  readonly counters: ContainerCounters<string, "pods_known">;
  /** 0 where there is no API server to wait for. */
  readonly metadataWaitMs: number;
  readonly failed: (error: unknown) => void;
}

const nameOf = ({ namespace, name }: Pod["metadata"]): string => `${namespace}/${name}`;

/** The API server's name for the pod of a static manifest is another than the kubelet's: it is known by its hash. */
const CONFIG_HASH = "kubernetes.io/config.hash";

export class PodBook implements ContainerBook, WatchEvents<Pod> {
  readonly #options: PodBookOptions;
  readonly #byUid = new Map<string, Pod>();
  /** The last pod of that name: links do not tell the uid. */
  readonly #byName = new Map<string, Pod>();
  readonly #deleted = new Set<string>();
  readonly #described = new Map<string, { readonly pod: Pod | undefined; readonly description: Description }>();
  readonly #room: WaitingRoom;

  constructor(options: PodBookOptions) {
    this.#options = options;
    this.#room = new WaitingRoom(options.clock, options.metadataWaitMs, () => options.counters.add("metadata_late"));
  }

  describe(path: string): Description {
    const place = placeOfLog(path);
    const pod = place && this.#podOf(place);
    const known = this.#described.get(path);
    if (known?.pod === pod && known !== undefined) return known.description;
    const made = place && pod ? describePodContainer(pod, place, this.#options) : describePlace(place, this.#options);
    // One object as long as nothing changes: a pod's status changes more often than what rows say of it.
    const description = known && JSON.stringify(known.description) === JSON.stringify(made) ? known.description : made;
    if (this.#described.size >= MAX_DESCRIBED) this.#described.clear();
    this.#described.set(path, { pod, description });
    return description;
  }

  hold(path: string): Promise<void> | undefined {
    const place = placeOfLog(path);
    if (!place || this.#podOf(place)) return undefined;
    return this.#room.wait(place.uid ?? `${place.namespace}/${place.pod}`);
  }

  changed(pod: Pod): void {
    this.#put(pod);
    this.#measure();
  }

  #put(pod: Pod): void {
    const { uid, annotations } = pod.metadata;
    for (const key of [uid, annotations?.[CONFIG_HASH]]) {
      if (key === undefined) continue;
      this.#byUid.set(key, pod);
      this.#room.arrived(key);
    }
    this.#deleted.delete(uid);
    this.#byName.set(nameOf(pod.metadata), pod);
    this.#room.arrived(nameOf(pod.metadata));
  }

  deleted({ metadata }: Pod): void {
    this.#remove(metadata.uid);
    this.#measure();
  }

  #remove(uid: string): void {
    if (!this.#byUid.has(uid)) return;
    this.#deleted.add(uid);
    if (this.#deleted.size > MAX_DELETED) this.#forget(this.#deleted.values().next().value!);
  }

  listed(pods: readonly Pod[]): void {
    const there = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const { metadata } of this.#byUid.values()) if (!there.has(metadata.uid)) this.#remove(metadata.uid);
    for (const pod of pods) this.#put(pod);
    this.#measure();
  }

  failed(error: unknown): void {
    this.#options.counters.add("metadata_errors");
    this.#options.failed(error);
  }

  close(): void {
    this.#room.close();
  }

  #podOf({ uid, namespace, pod }: LogPlace): Pod | undefined {
    return uid === undefined ? this.#byName.get(`${namespace}/${pod}`) : this.#byUid.get(uid);
  }

  #forget(uid: string): void {
    const pod = this.#byUid.get(uid);
    this.#deleted.delete(uid);
    this.#byUid.delete(uid);
    if (!pod) return;
    this.#byUid.delete(pod.metadata.annotations?.[CONFIG_HASH] ?? "");
    if (this.#byName.get(nameOf(pod.metadata)) === pod) this.#byName.delete(nameOf(pod.metadata));
  }

  #measure(): void {
    const pods = new Set(this.#byUid.values());
    this.#options.counters.set("pods_known", pods.size - this.#deleted.size);
  }
}
