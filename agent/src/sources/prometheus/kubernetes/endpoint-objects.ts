/** What is kept of endpoints and of endpoint slices, in one form. Labels of their own are made here, once. */

import { META, metaLabels, presentLabels } from "./meta-labels.ts";
import { takeKept, type ApiObject, type Kept, type Texts } from "./objects.ts";

export interface KeptEndpoint {
  readonly addresses: readonly string[];
  readonly labels: Texts;
  /** Empty when nothing is said of it. */
  readonly node: string;
  readonly pod?: { readonly namespace: string; readonly name: string };
}

export interface KeptEndpoints extends Kept {
  /** Name of the service that they belong to; empty for none. */
  readonly service: string;
  /** Labels of all targets. */
  readonly shared: Texts;
  readonly subsets: readonly {
    readonly ports: readonly { readonly number: number | undefined; readonly labels: Texts }[];
    readonly endpoints: readonly KeptEndpoint[];
  }[];
}

interface ApiReference {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
}

interface ApiPort {
  readonly name?: string | null;
  readonly port?: number | null;
  readonly protocol?: string | null;
  readonly appProtocol?: string | null;
}

interface ApiAddress {
  readonly ip: string;
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly targetRef?: ApiReference;
}

interface ApiEndpoints extends ApiObject {
  readonly subsets?: readonly { readonly ports?: readonly ApiPort[]; readonly addresses?: readonly ApiAddress[]; readonly notReadyAddresses?: readonly ApiAddress[] }[];
}

const podOf = (reference: ApiReference | undefined, namespace: string): Pick<KeptEndpoint, "pod"> =>
  reference?.kind === "Pod" && reference.name !== undefined ? { pod: { namespace: reference.namespace ?? namespace, name: reference.name } } : {};

const takeAddress = ({ ip, hostname = "", nodeName = "", targetRef }: ApiAddress, isReady: boolean, namespace: string): KeptEndpoint => ({
  addresses: [ip],
  node: nodeName,
  labels: {
    [`${META}endpoint_ready`]: String(isReady),
    [`${META}endpoint_hostname`]: hostname,
    [`${META}endpoint_node_name`]: nodeName,
    [`${META}endpoint_address_target_kind`]: targetRef?.kind ?? "",
    [`${META}endpoint_address_target_name`]: targetRef?.name ?? "",
  },
  ...podOf(targetRef, namespace),
});

export const takeEndpoints = (endpoints: ApiEndpoints): KeptEndpoints => {
  const kept = takeKept(endpoints);
  return {
    ...kept,
    service: kept.name,
    shared: metaLabels("endpoints", kept),
    subsets: (endpoints.subsets ?? []).map(({ ports = [], addresses = [], notReadyAddresses = [] }) => ({
      ports: ports.map(({ name, port, protocol }) => ({ number: port ?? undefined, labels: { [`${META}endpoint_port_name`]: name ?? "", [`${META}endpoint_port_protocol`]: protocol ?? "TCP" } })),
      endpoints: [...addresses.map((address) => takeAddress(address, true, kept.namespace)), ...notReadyAddresses.map((address) => takeAddress(address, false, kept.namespace))],
    })),
  };
};

interface ApiSliceEndpoint {
  readonly addresses?: readonly string[];
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly zone?: string;
  readonly targetRef?: ApiReference;
  readonly deprecatedTopology?: Texts;
}

interface ApiEndpointSlice extends ApiObject {
  readonly addressType?: string;
  readonly ports?: readonly ApiPort[] | null;
  readonly endpoints?: readonly ApiSliceEndpoint[] | null;
}

const SERVICE_LABEL = "kubernetes.io/service-name";
const SLICE = `${META}endpointslice_`;
const text = (value: boolean | number | null | undefined): string => String(value ?? "");

const takeSliceEndpoint = ({ addresses = [], conditions = {}, hostname = "", nodeName = "", zone = "", targetRef, deprecatedTopology = {} }: ApiSliceEndpoint, namespace: string): KeptEndpoint => ({
  addresses,
  node: targetRef?.kind === "Node" ? (targetRef.name ?? "") : nodeName,
  labels: {
    [`${SLICE}endpoint_conditions_ready`]: text(conditions.ready),
    [`${SLICE}endpoint_conditions_serving`]: text(conditions.serving),
    [`${SLICE}endpoint_conditions_terminating`]: text(conditions.terminating),
    [`${SLICE}endpoint_hostname`]: hostname,
    [`${SLICE}endpoint_node_name`]: nodeName,
    [`${SLICE}endpoint_zone`]: zone,
    [`${SLICE}address_target_kind`]: targetRef?.kind ?? "",
    [`${SLICE}address_target_name`]: targetRef?.name ?? "",
    ...presentLabels(`${SLICE}endpoint_topology_`, `${SLICE}endpoint_topology_present_`, deprecatedTopology),
  },
  ...podOf(targetRef, namespace),
});

export const takeEndpointSlice = (slice: ApiEndpointSlice): KeptEndpoints => {
  const kept = takeKept(slice);
  const ports = (slice.ports ?? []).map(({ name, port, protocol, appProtocol }) => ({
    number: port ?? undefined,
    labels: { [`${SLICE}port`]: text(port), [`${SLICE}port_name`]: name ?? "", [`${SLICE}port_protocol`]: protocol ?? "TCP", [`${SLICE}port_app_protocol`]: appProtocol ?? "" },
  }));
  return {
    ...kept,
    service: kept.labels[SERVICE_LABEL] ?? "",
    shared: { ...metaLabels("endpointslice", kept), [`${SLICE}address_type`]: slice.addressType ?? "" },
    subsets: [{ ports, endpoints: (slice.endpoints ?? []).map((endpoint) => takeSliceEndpoint(endpoint, kept.namespace)) }],
  };
};
