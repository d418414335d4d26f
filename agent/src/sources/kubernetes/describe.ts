/** What a pod says of the rows of its containers, under OTel's names. */

import type { Description } from "../containers/contracts.ts";
import { imageAttributes } from "../containers/image-name.ts";
import { namedAttributes } from "../containers/name-filter.ts";
import type { LogPlace } from "./log-path.ts";

interface ContainerStatus {
  readonly name: string;
  readonly containerID?: string;
  readonly restartCount?: number;
}

/** The parts of a pod that are used. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly controller?: boolean }[];
  };
  readonly spec?: { readonly nodeName?: string; readonly containers?: readonly PodContainer[]; readonly initContainers?: readonly PodContainer[]; readonly ephemeralContainers?: readonly PodContainer[] };
  readonly status?: { readonly containerStatuses?: readonly ContainerStatus[]; readonly initContainerStatuses?: readonly ContainerStatus[]; readonly ephemeralContainerStatuses?: readonly ContainerStatus[] };
}

interface PodContainer {
  readonly name: string;
  readonly image?: string;
}

export interface DescribeOptions {
  readonly select: "all" | "annotated";
  readonly node: string;
  readonly wantsLabel: (name: string) => boolean;
  readonly wantsAnnotation: (name: string) => boolean;
}

const EXCLUDE = "obs.io/exclude";
const INCLUDE = "obs.io/include";
const SERVICE = "obs.io/service";
const SERVICE_LABELS = ["app.kubernetes.io/name", "app", "k8s-app"];
/** Labels that only say which revision of its workload a pod is of. */
const REVISION_LABELS = new Set(["pod-template-hash", "controller-revision-hash", "pod-template-generation", "statefulset.kubernetes.io/pod-name"]);

/** `"true"`: all of the pod's containers; else their names, with commas between them. */
const names = (value: string | undefined, container: string): boolean => value !== undefined && (value === "true" || value.split(",").some((name) => name.trim() === container));

export const describePodContainer = ({ metadata, spec, status }: Pod, place: LogPlace, options: DescribeOptions): Description => {
  const { labels = {}, annotations = {} } = metadata;
  const container = [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])].find(({ name }) => name === place.container);
  const found = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? []), ...(status?.ephemeralContainerStatuses ?? [])].find(({ name }) => name === place.container);
  const isRunning = place.restarts === undefined || Number(place.restarts) === (found?.restartCount ?? 0);
  const id = place.containerId ?? (isRunning ? found?.containerID?.replace(/^.*:\/\//, "") : undefined);
  const workload = workloadOf(metadata);
  const node = spec?.nodeName ?? options.node;
  const isWanted = options.select === "all" || names(annotations[INCLUDE], place.container);
  return {
    excluded: !isWanted || names(annotations[EXCLUDE], place.container),
    service: annotations[SERVICE] ?? SERVICE_LABELS.map((label) => labels[label]).find(Boolean) ?? workload?.name ?? place.container,
    attributes: {
      ...placeAttributes({ ...place, uid: metadata.uid }),
      ...(node && { "k8s.node.name": node }),
      ...(workload && { [`k8s.${workload.kind}.name`]: workload.name }),
      ...(id && { "container.id": id }),
      ...imageAttributes(container?.image ?? ""),
      ...namedAttributes("k8s.pod.label.", labels, (name) => options.wantsLabel(name) && !REVISION_LABELS.has(name)),
      ...namedAttributes("k8s.pod.annotation.", annotations, options.wantsAnnotation),
    },
  };
};

/** The path is all there is. */
export const describePlace = (place: LogPlace | undefined, { node }: Pick<DescribeOptions, "node">): Description => ({
  excluded: false,
  service: place?.container ?? "kubernetes",
  attributes: { ...(place && placeAttributes(place)), ...(node && { "k8s.node.name": node }), ...(place?.containerId && { "container.id": place.containerId }) },
});

const placeAttributes = ({ namespace, pod, uid, container, restarts }: LogPlace): Record<string, string> => ({
  "k8s.namespace.name": namespace,
  "k8s.pod.name": pod,
  ...(uid && { "k8s.pod.uid": uid }),
  "k8s.container.name": container,
  ...(restarts && { "k8s.container.restart_count": restarts }),
});

const WORKLOADS: Readonly<Record<string, string>> = { ReplicaSet: "replicaset", StatefulSet: "statefulset", DaemonSet: "daemonset", Job: "job" };

/** A deployment's pods belong to a replica set that is named after it and the hash in their labels; a cron job's to a job with a time behind its name. */
const workloadOf = ({ ownerReferences = [], labels = {} }: Pod["metadata"]): { readonly kind: string; readonly name: string } | undefined => {
  const owner = ownerReferences.find(({ controller }) => controller) ?? ownerReferences[0];
  if (!owner) return undefined;
  const hash = labels["pod-template-hash"];
  if (owner.kind === "ReplicaSet" && hash && owner.name.endsWith(`-${hash}`)) return { kind: "deployment", name: owner.name.slice(0, -hash.length - 1) };
  const cronJob = owner.kind === "Job" ? /^(.+)-\d{8,10}$/.exec(owner.name)?.[1] : undefined;
  if (cronJob) return { kind: "cronjob", name: cronJob };
  const kind = WORKLOADS[owner.kind];
  return kind ? { kind, name: owner.name } : undefined;
};
