/**
 * The collections that jobs look at. Jobs that look at the same one share it: the usual configuration
 * has five jobs, each of which needs the pods of the whole cluster.
 */

import type { KubernetesDiscoveryConfig, KubernetesRole } from "../../../config/kubernetes-discovery.ts";
import type { Clock } from "../../../core/clock.ts";
import { ApiServer } from "../../../core/kubernetes-api/api-server.ts";
import { ListWatch } from "../../../core/kubernetes-api/list-watch.ts";
import type { Log } from "../../../core/log.ts";
import { accessOf } from "./access.ts";
import { Collection } from "./collection.ts";
import { takeEndpoints, takeEndpointSlice } from "./endpoint-objects.ts";
import { takeIngress, takeKept, takeNode, takePod, takeService, type Kept } from "./objects.ts";

export type ObjectKind = KubernetesRole | "namespace";

interface Resource {
  readonly root: string;
  readonly plural: string;
  readonly take: (object: never) => Kept;
}

/** Where the API server has them. The account needs `list` and `watch` for what is asked for. */
export const RESOURCES: Readonly<Record<ObjectKind, Resource>> = {
  pod: { root: "/api/v1", plural: "pods", take: takePod },
  service: { root: "/api/v1", plural: "services", take: takeService },
  endpoints: { root: "/api/v1", plural: "endpoints", take: takeEndpoints },
  endpointslice: { root: "/apis/discovery.k8s.io/v1", plural: "endpointslices", take: takeEndpointSlice },
  ingress: { root: "/apis/networking.k8s.io/v1", plural: "ingresses", take: takeIngress },
  node: { root: "/api/v1", plural: "nodes", take: takeNode },
  namespace: { root: "/api/v1", plural: "namespaces", take: takeKept },
};

export interface ClustersDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly countError: () => void;
}

export class Clusters {
  readonly #deps: ClustersDeps;
  readonly #signal: AbortSignal;
  readonly #servers = new Map<string, ApiServer>();
  readonly #collections = new Map<string, Collection>();
  readonly #running: Promise<void>[] = [];

  /** Collections are kept up to date until the signal aborts. */
  constructor(deps: ClustersDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
  }

  /** `namespace` empty: of the whole cluster. */
  collection(config: KubernetesDiscoveryConfig, kind: ObjectKind, namespace: string): Collection {
    const { root, plural, take } = RESOURCES[kind];
    const path = namespace === "" ? `${root}/${plural}` : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
    const { label = "", field = "" } = config.selectors.find(({ role }) => role === kind) ?? {};
    const { api_server: address, kubeconfig_file: kubeconfig, basic_auth: basic, authorization, tls_config: tls } = config;
    const server = JSON.stringify([address, kubeconfig, basic, authorization, tls]);
    const key = JSON.stringify([server, path, label, field]);
    const known = this.#collections.get(key);
    if (known) return known;
    const { clock, log, countError } = this.#deps;
    const api = this.#servers.get(server) ?? new ApiServer(() => accessOf(config));
    this.#servers.set(server, api);
    const collection = new Collection((error) => {
      countError();
      log.warn("the API server cannot be asked for targets: those that are known are kept until it can", { path, error });
    });
    this.#collections.set(key, collection);
    this.#running.push(new ListWatch({ api, clock, path, labelSelector: label, fieldSelector: field, firstList: "paged", take: (object) => take(object as never), events: collection }).run(this.#signal));
    return collection;
  }

  /** Resolves when nothing is under way any more, after the signal has aborted. */
  async close(): Promise<void> {
    await Promise.all(this.#running);
    await Promise.all([...this.#servers.values()].map((api) => api.close()));
  }
}
