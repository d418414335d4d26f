/**
 * One entry of `kubernetes_sd_configs`: a group of targets per object of its role. What is looked up
 * for a group (its pods, service, node, namespace) is remembered, and makes the group anew when it changes.
 */

import { readFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import type { KubernetesDiscoveryConfig, KubernetesRole } from "../../../config/kubernetes-discovery.ts";
import { sleep, type Clock } from "../../../core/clock.ts";
import { NAMESPACE_FILE } from "../../../core/kubernetes-api/service-account.ts";
import type { DiscoveredTarget, Discovery, DiscoveryDeps, TargetGroups } from "../discovery.ts";
import type { Clusters, ObjectKind } from "./clusters.ts";
import { keyOf, type Collection } from "./collection.ts";
import type { Kept, KeptNode, KeptPod, KeptService } from "./objects.ts";
import { targetsOf, type View } from "./targets.ts";

/** Changes come in bursts: a rollout changes a pod several times, and its endpoints with it. */
const SETTLE_MS = 250;
/** Objects whose targets are made before others have their turn: relabelling one takes some 50 us. */
const AT_ONCE = 100;

/** What is looked up for objects of a role. */
const LOOKED_UP: Readonly<Record<KubernetesRole, readonly ObjectKind[]>> = { node: [], pod: [], service: [], ingress: [], endpoints: ["service", "pod"], endpointslice: ["service", "pod"] };

export const kubernetesDiscovery = (config: KubernetesDiscoveryConfig, clusters: Clusters, deps: DiscoveryDeps): Discovery => ({
  async run(signal, tell) {
    const namespaces = await namespacesOf(config).catch((error: unknown) => {
      deps.countError();
      deps.log.error("the agent's own namespace is not known: own_namespace finds nothing", { error });
      return config.namespaces.names;
    });
    if (signal.aborted || namespaces.length === 0) return;
    await new ClusterView(config, clusters, namespaces, deps.clock).run(signal, tell);
  },
});

/** `[""]`: all. */
const namespacesOf = async ({ role, namespaces: { own_namespace: isOwn, names } }: KubernetesDiscoveryConfig): Promise<string[]> => {
  if (role === "node" || (!isOwn && names.length === 0)) return [""];
  return [...new Set([...names, ...(isOwn ? [(await readFile(NAMESPACE_FILE, "utf8")).trim()] : [])])];
};

class ClusterView implements View {
  readonly #role: KubernetesRole;
  readonly #clock: Clock;
  /** By kind and namespace; the namespace is empty where one collection has all. */
  readonly #collections = new Map<string, Collection>();
  readonly #isWhole: boolean;
  /** Objects of the role whose targets are to be made anew. */
  readonly #dirty = new Set<string>();
  /** Objects of the role by what was looked up for their targets, and the other way round. */
  readonly #dependents = new Map<string, Set<string>>();
  readonly #lookedUp = new Map<string, readonly string[]>();
  /** For the targets that are being made. */
  readonly #lookups = new Set<string>();

  constructor(config: KubernetesDiscoveryConfig, clusters: Clusters, namespaces: readonly string[], clock: Clock) {
    const { role, attach_metadata: attach } = config;
    this.#role = role;
    this.#clock = clock;
    this.#isWhole = namespaces[0] === "";
    const open = (kind: ObjectKind, namespace: string): void => void this.#collections.set(`${kind} ${namespace}`, clusters.collection(config, kind, namespace));
    for (const namespace of namespaces) for (const kind of [role, ...LOOKED_UP[role]]) open(kind, namespace);
    if (attach.node) open("node", "");
    if (attach.namespace) open("namespace", "");
  }

  /** Tells the groups once everything is listed, and from then on those that change. */
  async run(signal: AbortSignal, tell: (groups: TargetGroups) => void): Promise<void> {
    let wake: (() => void) | undefined;
    const ends = [...this.#collections].map(([name, collection]) => {
      const kind = name.split(" ")[0]!;
      for (const key of collection.keys()) this.#touch(kind, key);
      return collection.subscribe((keys) => {
        for (const key of keys) this.#touch(kind, key);
        wake?.();
      });
    });
    signal.addEventListener("abort", () => wake?.(), { once: true });
    for (let isFirst = true; !signal.aborted; ) {
      if (this.#dirty.size === 0 || !this.#isListed()) await new Promise<void>((resolve) => (wake = resolve));
      else {
        if (!isFirst) await sleep(this.#clock, SETTLE_MS, signal);
        await this.#tellDirty(signal, tell);
        isFirst = false;
      }
    }
    for (const end of ends) end();
  }

  #isListed(): boolean {
    return [...this.#collections.values()].every(({ isListed }) => isListed);
  }

  #touch(kind: string, key: string): void {
    if (kind === this.#role) this.#dirty.add(key);
    else for (const dependent of this.#dependents.get(`${kind} ${key}`) ?? []) this.#dirty.add(dependent);
  }

  async #tellDirty(signal: AbortSignal, tell: (groups: TargetGroups) => void): Promise<void> {
    while (this.#dirty.size > 0 && !signal.aborted) {
      const groups = new Map<string, readonly DiscoveredTarget[]>();
      for (const key of this.#dirty) {
        this.#dirty.delete(key);
        groups.set(key, this.#targets(key));
        if (groups.size === AT_ONCE) break;
      }
      tell(groups);
      await setImmediate();
    }
  }

  #targets(key: string): readonly DiscoveredTarget[] {
    for (const lookup of this.#lookedUp.get(key) ?? []) {
      const dependents = this.#dependents.get(lookup);
      dependents?.delete(key);
      if (dependents?.size === 0) this.#dependents.delete(lookup);
    }
    this.#lookups.clear();
    const kept = this.#collection(this.#role, key.split("/")[0]!)?.get(key);
    const targets = kept ? targetsOf(this.#role, kept, this) : [];
    for (const lookup of this.#lookups) this.#dependents.set(lookup, (this.#dependents.get(lookup) ?? new Set()).add(key));
    if (this.#lookups.size > 0) this.#lookedUp.set(key, [...this.#lookups]);
    else this.#lookedUp.delete(key);
    return targets;
  }

  pod(namespace: string, name: string): KeptPod | undefined {
    return this.#lookUp("pod", namespace, name) as KeptPod | undefined;
  }

  service(namespace: string, name: string): KeptService | undefined {
    return this.#lookUp("service", namespace, name) as KeptService | undefined;
  }

  node(name: string): KeptNode | undefined {
    return this.#lookUp("node", "", name) as KeptNode | undefined;
  }

  namespace(name: string): Kept | undefined {
    return this.#lookUp("namespace", "", name);
  }

  /** Also where there is none yet: it may come. */
  #lookUp(kind: ObjectKind, namespace: string, name: string): Kept | undefined {
    const collection = this.#collection(kind, namespace);
    if (!collection) return undefined;
    const key = keyOf({ namespace, name });
    this.#lookups.add(`${kind} ${key}`);
    return collection.get(key);
  }

  #collection(kind: ObjectKind, namespace: string): Collection | undefined {
    return this.#collections.get(`${kind} ${this.#isWhole ? "" : namespace}`);
  }
}
