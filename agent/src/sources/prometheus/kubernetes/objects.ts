/**
 * What is kept of the API server's objects: a pod has some 8 KB of JSON, of which targets need the
 * tenth part.
 */

export type Texts = Readonly<Record<string, string>>;

/** Parts of every object. `namespace` is empty for nodes and namespaces themselves. */
export interface Kept {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Texts;
  readonly annotations: Texts;
}

export interface KeptPort {
  readonly name: string;
  readonly number: number;
  readonly protocol: string;
}

export interface KeptContainer {
  readonly name: string;
  readonly image: string;
  /** As `containerd://...`; empty until it has started. */
  readonly id: string;
  readonly isInit: boolean;
  readonly ports: readonly KeptPort[];
}

export interface KeptPod extends Kept {
  readonly uid: string;
  readonly controllerKind: string;
  readonly controllerName: string;
  /** Empty while it starts, and after it was evicted. */
  readonly ip: string;
  readonly hostIp: string;
  readonly node: string;
  readonly phase: string;
  /** `true`, `false`, `unknown`. */
  readonly ready: string;
  readonly containers: readonly KeptContainer[];
}

export interface KeptService extends Kept {
  readonly type: string;
  readonly clusterIp: string;
  readonly loadBalancerIp: string;
  readonly externalName: string;
  readonly ports: readonly KeptPort[];
}

export interface KeptNode extends Kept {
  readonly providerId: string;
  readonly kubeletPort: number;
  /** The first address of each type, such as `InternalIP`. */
  readonly addresses: Texts;
}

export interface KeptIngress extends Kept {
  readonly className: string;
  readonly tlsHosts: readonly string[];
  readonly rules: readonly { readonly host: string; readonly paths: readonly string[] }[];
}

export interface ApiObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly labels?: Texts;
    readonly annotations?: Texts;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly controller?: boolean }[];
  };
}

export const takeKept = ({ metadata: { name, namespace = "", labels = {}, annotations = {} } }: ApiObject): Kept => ({ name, namespace, labels, annotations });

interface ApiContainer {
  readonly name: string;
  readonly image?: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[];
}

interface ApiContainerStatus {
  readonly name: string;
  readonly containerID?: string;
}

interface ApiPod extends ApiObject {
  readonly spec?: { readonly nodeName?: string; readonly containers?: readonly ApiContainer[]; readonly initContainers?: readonly ApiContainer[] };
  readonly status?: {
    readonly podIP?: string;
    readonly hostIP?: string;
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly ApiContainerStatus[];
    readonly initContainerStatuses?: readonly ApiContainerStatus[];
  };
}

const takeContainer = ({ name, image = "", ports = [] }: ApiContainer, statuses: readonly ApiContainerStatus[] | undefined, isInit: boolean): KeptContainer => ({
  name, image, isInit,
  id: statuses?.find((status) => status.name === name)?.containerID ?? "",
  ports: ports.map((port) => ({ name: port.name ?? "", number: port.containerPort, protocol: port.protocol ?? "TCP" })),
});

export const takePod = (pod: ApiPod): KeptPod => {
  const { metadata, spec = {}, status = {} } = pod;
  const controller = metadata.ownerReferences?.find((owner) => owner.controller);
  return {
    ...takeKept(pod),
    uid: metadata.uid ?? "",
    controllerKind: controller?.kind ?? "",
    controllerName: controller?.name ?? "",
    ip: status.podIP ?? "",
    hostIp: status.hostIP ?? "",
    node: spec.nodeName ?? "",
    phase: status.phase ?? "",
    ready: (status.conditions?.find(({ type }) => type === "Ready")?.status ?? "Unknown").toLowerCase(),
    containers: [
      ...(spec.containers ?? []).map((container) => takeContainer(container, status.containerStatuses, false)),
      ...(spec.initContainers ?? []).map((container) => takeContainer(container, status.initContainerStatuses, true)),
    ],
  };
};

interface ApiService extends ApiObject {
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly loadBalancerIP?: string;
    readonly externalName?: string;
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
  };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } };
}

export const takeService = (service: ApiService): KeptService => {
  const { type = "ClusterIP", clusterIP: clusterIp = "", loadBalancerIP: wanted = "", externalName = "", ports = [] } = service.spec ?? {};
  // What was asked for is deprecated, and mostly empty; what was given is what it has.
  const loadBalancerIp = wanted || (service.status?.loadBalancer?.ingress?.find(({ ip }) => ip)?.ip ?? "");
  return { ...takeKept(service), type, clusterIp, loadBalancerIp, externalName, ports: ports.map(({ name = "", port, protocol = "TCP" }) => ({ name, number: port, protocol })) };
};

interface ApiNode extends ApiObject {
  readonly spec?: { readonly providerID?: string };
  readonly status?: { readonly addresses?: readonly { readonly type: string; readonly address: string }[]; readonly daemonEndpoints?: { readonly kubeletEndpoint?: { readonly Port?: number } } };
}

export const takeNode = (node: ApiNode): KeptNode => {
  const addresses: Record<string, string> = {};
  for (const { type, address } of node.status?.addresses ?? []) addresses[type] ??= address;
  return { ...takeKept(node), providerId: node.spec?.providerID ?? "", kubeletPort: node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0, addresses };
};

interface ApiIngress extends ApiObject {
  readonly spec?: {
    readonly ingressClassName?: string;
    readonly tls?: readonly { readonly hosts?: readonly string[] }[];
    readonly rules?: readonly { readonly host?: string; readonly http?: { readonly paths?: readonly { readonly path?: string }[] } }[];
  };
}

export const takeIngress = (ingress: ApiIngress): KeptIngress => {
  const { ingressClassName: className = "", tls = [], rules = [] } = ingress.spec ?? {};
  return {
    ...takeKept(ingress), className,
    tlsHosts: tls.flatMap(({ hosts = [] }) => hosts),
    rules: rules.map(({ host = "", http }) => ({ host, paths: http?.paths?.map(({ path }) => path || "/") ?? ["/"] })),
  };
};
