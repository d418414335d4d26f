/**
 * The targets that objects make, by role:
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config
 */

import type { KubernetesRole } from "../../../config/kubernetes-discovery.ts";
import type { DiscoveredTarget } from "../discovery.ts";
import type { KeptEndpoint, KeptEndpoints } from "./endpoint-objects.ts";
import { containerLabels, hostPort, META, metaLabels, namespaceLabels, nodeLabels, podLabels, sanitized, serviceLabels } from "./meta-labels.ts";
import type { Kept, KeptIngress, KeptNode, KeptPod, KeptService, Texts } from "./objects.ts";

/** Other objects, as they are known now; undefined also where nobody asked for them. */
export interface View {
  pod(namespace: string, name: string): KeptPod | undefined;
  service(namespace: string, name: string): KeptService | undefined;
  node(name: string): KeptNode | undefined;
  namespace(name: string): Kept | undefined;
}

export const targetsOf = (role: KubernetesRole, kept: Kept, view: View): DiscoveredTarget[] => {
  const namespace = kept.namespace === "" ? undefined : view.namespace(kept.namespace);
  const around = namespace ? namespaceLabels(namespace) : {};
  return TARGETS[role](kept as never, around, view);
};

/** Types of addresses of the kubelet, in the order in which they are preferred. */
const NODE_ADDRESSES = ["InternalIP", "ExternalIP", "LegacyHostIP", "Hostname"];

const nodeTargets = (node: KeptNode): DiscoveredTarget[] => {
  const address = NODE_ADDRESSES.map((type) => node.addresses[type]).find(Boolean);
  if (address === undefined) return [];
  const addresses = Object.fromEntries(Object.entries(node.addresses).map(([type, value]) => [`${META}node_address_${sanitized(type)}`, value]));
  return [{ ...nodeLabels(node), [`${META}node_provider_id`]: node.providerId, ...addresses, instance: node.name, __address__: hostPort(address, node.kubeletPort) }];
};

/** Labels of the node that something runs on, where they were asked for. */
const onNode = (name: string, view: View): Texts => {
  const node = name === "" ? undefined : view.node(name);
  return node ? nodeLabels(node) : {};
};

const podTargets = (pod: KeptPod, around: Texts, view: View): DiscoveredTarget[] => {
  if (pod.ip === "") return [];
  const common = { ...around, ...onNode(pod.node, view), ...podLabels(pod) };
  return pod.containers.flatMap((container) =>
    container.ports.length === 0
      ? [{ ...common, ...containerLabels(container, undefined), __address__: pod.ip }]
      : container.ports.map((port) => ({ ...common, ...containerLabels(container, port), __address__: hostPort(pod.ip, port.number) })),
  );
};

const serviceTargets = (service: KeptService, around: Texts): DiscoveredTarget[] =>
  service.ports.map(({ name, number, protocol }) => ({
    ...around,
    ...serviceLabels(service),
    [`${META}service_port_name`]: name,
    [`${META}service_port_number`]: String(number),
    [`${META}service_port_protocol`]: protocol,
    __address__: `${service.name}.${service.namespace}.svc:${number}`,
  }));

/** `*.example.com` stands for exactly one label in its place. */
const isHostOf = (pattern: string, host: string): boolean => pattern === host || (pattern.startsWith("*.") && host.includes(".") && host.slice(host.indexOf(".")) === pattern.slice(1));

const ingressTargets = (ingress: KeptIngress, around: Texts): DiscoveredTarget[] => {
  const common = { ...around, ...metaLabels("ingress", ingress), [`${META}ingress_class_name`]: ingress.className };
  return ingress.rules.flatMap(({ host, paths }) => {
    const scheme = ingress.tlsHosts.some((pattern) => isHostOf(pattern, host)) ? "https" : "http";
    return paths.map((path) => ({ ...common, [`${META}ingress_scheme`]: scheme, [`${META}ingress_host`]: host, [`${META}ingress_path`]: path, __address__: host }));
  });
};

/** A target per address and port; and, of pods behind them, one per port of a container that no endpoint has. */
const endpointTargets = ({ namespace, service, shared, subsets }: KeptEndpoints, around: Texts, view: View): DiscoveredTarget[] => {
  const belongsTo = service === "" ? undefined : view.service(namespace, service);
  const common = { ...around, ...(belongsTo && serviceLabels(belongsTo)), ...shared };
  const targets: DiscoveredTarget[] = [];
  const behind = new Map<KeptPod, { readonly endpoint: KeptEndpoint; readonly ports: Set<number | undefined> }>();
  for (const { ports, endpoints } of subsets)
    for (const endpoint of endpoints) {
      const pod = endpoint.pod && view.pod(endpoint.pod.namespace, endpoint.pod.name);
      const known = { ...common, ...onNode(endpoint.node, view), ...(pod && podLabels(pod)), ...endpoint.labels };
      if (pod && ports.length > 0 && !behind.has(pod)) behind.set(pod, { endpoint, ports: new Set() });
      for (const { number, labels } of ports) {
        if (pod) behind.get(pod)!.ports.add(number);
        const container = pod && number !== undefined ? portLabels(pod, number) : undefined;
        for (const address of endpoint.addresses) targets.push({ ...known, ...labels, ...container, __address__: number === undefined ? address : hostPort(address, number) });
      }
    }
  for (const [pod, { endpoint, ports }] of behind) {
    if (pod.ip === "") continue;
    const known = { ...common, ...onNode(endpoint.node, view), ...podLabels(pod) };
    for (const container of pod.containers)
      for (const port of container.ports) if (!ports.has(port.number)) targets.push({ ...known, ...containerLabels(container, port), __address__: hostPort(pod.ip, port.number) });
  }
  return targets;
};

/** Of the container that declares the port. */
const portLabels = (pod: KeptPod, number: number): Texts => {
  for (const container of pod.containers) {
    const port = container.ports.find((declared) => declared.number === number);
    if (port) return containerLabels(container, port);
  }
  return {};
};

const TARGETS: Readonly<Record<KubernetesRole, (kept: never, around: Texts, view: View) => DiscoveredTarget[]>> = {
  node: nodeTargets, pod: podTargets, service: serviceTargets, ingress: ingressTargets, endpoints: endpointTargets, endpointslice: endpointTargets,
};
