/**
 * The kubernetes source: the logs of this node's pods, with what the API server knows of them. The
 * kubelet's files are followed; without an API server their paths tell namespace, pod and container.
 */

import type { KubernetesOptions } from "../../config/collected-logs.ts";
import type { LineShard, Source } from "../../core/contracts.ts";
import { ApiServer } from "../../core/kubernetes-api/api-server.ts";
import { ListWatch } from "../../core/kubernetes-api/list-watch.ts";
import { apiAddress, serviceAccountAccess } from "../../core/kubernetes-api/service-account.ts";
import { ContainerShard } from "../containers/container-shard.ts";
import type { ContainerSourceDeps } from "../containers/contracts.ts";
import { compileNames } from "../containers/name-filter.ts";
import { followerPositions } from "../containers/positions.ts";
import type { Pod } from "./describe.ts";
import { PodBook } from "./pod-book.ts";

const ID_PREFIX = "kubernetes/";

export const createKubernetesSource = (options: KubernetesOptions, shard: LineShard, deps: ContainerSourceDeps): Source => {
  const { clock, counters, log } = deps;
  const { include, exclude, read_from: readFrom, environment = "", node, select, token_file: tokenFile, ca_file: caFile, partial_wait: partialWaitMs } = options;
  const { own, places } = followerPositions(deps.positions, ID_PREFIX);
  const stopping = new AbortController();
  const address = apiAddress(options.api_server);
  const api = address === undefined ? undefined : new ApiServer(() => serviceAccountAccess({ address, tokenFile, caFile }));
  const book = new PodBook({
    clock, counters, select, node, wantsLabel: compileNames(options.labels), wantsAnnotation: compileNames(options.annotations),
    metadataWaitMs: api ? options.metadata_wait : 0,
    failed: (error) => log.warn("the API server cannot be asked about pods; new pods' logs go with what their paths tell until it can", { server: address, error }),
  });
  const unwrapping = new ContainerShard({ shard, book, counters, clock, idPrefix: ID_PREFIX, places, partialWaitMs });
  const files = deps.follow({ include, exclude, readFrom, environment }, unwrapping, { positions: own, hold: (path) => book.hold(path), retryQuietMs: partialWaitMs });
  let watching: Promise<void> | undefined;
  let starting: Promise<void> | undefined;
  let ending: Promise<void> | undefined;

  const watchPods = (server: ApiServer): ListWatch<Pod> =>
    new ListWatch({ api: server, clock, path: "/api/v1/pods", ...(node && { fieldSelector: `spec.nodeName=${node}` }), firstList: "cached", take: (object) => object as Pod, events: book });

  const start = async (): Promise<void> => {
    if (api) watching = watchPods(api).run(stopping.signal);
    else log.info("no API server is known: what is said of pods is what the paths of their logs tell");
    await files.start();
  };

  const stop = async (): Promise<void> => {
    stopping.abort();
    book.close();
    await starting;
    await Promise.all([watching, files.stop()]);
    await api?.close();
  };

  return { name: "kubernetes", start: () => (starting ??= start()), stop: () => (ending ??= stop()) };
};
