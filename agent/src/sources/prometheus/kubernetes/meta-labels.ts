/** Labels `__meta_kubernetes_...` of objects; without a value a label is none, as everywhere. */

import type { Kept, KeptContainer, KeptNode, KeptPod, KeptPort, KeptService, Texts } from "./objects.ts";

export const META = "__meta_kubernetes_";

/** What no name of a label may hold becomes an underscore. */
export const sanitized = (name: string): string => name.replace(/[^a-zA-Z0-9_]/g, "_");

/** Each with its value, and with `true` under another name: an empty value can be told from none. */
export const presentLabels = (prefix: string, presentPrefix: string, texts: Texts): Record<string, string> => {
  const labels: Record<string, string> = {};
  for (const [name, value] of Object.entries(texts)) {
    const suffix = sanitized(name);
    labels[prefix + suffix] = value;
    labels[presentPrefix + suffix] = "true";
  }
  return labels;
};

const describing = (role: string, { labels, annotations }: Kept): Texts => ({
  ...presentLabels(`${META}${role}_label_`, `${META}${role}_labelpresent_`, labels),
  ...presentLabels(`${META}${role}_annotation_`, `${META}${role}_annotationpresent_`, annotations),
});

/** Of an object of that role: name, namespace, labels and annotations. */
export const metaLabels = (role: string, kept: Kept): Texts => ({ [`${META}${role}_name`]: kept.name, [`${META}namespace`]: kept.namespace, ...describing(role, kept) });

export const namespaceLabels = (namespace: Kept): Texts => describing("namespace", namespace);

/** Without a namespace: they are added to labels of objects that have one. */
export const nodeLabels = (node: KeptNode): Texts => ({ [`${META}node_name`]: node.name, ...describing("node", node) });

export const podLabels = (pod: KeptPod): Texts => ({
  ...metaLabels("pod", pod),
  [`${META}pod_uid`]: pod.uid,
  [`${META}pod_ip`]: pod.ip,
  [`${META}pod_host_ip`]: pod.hostIp,
  [`${META}pod_node_name`]: pod.node,
  [`${META}pod_phase`]: pod.phase,
  [`${META}pod_ready`]: pod.ready,
  [`${META}pod_controller_kind`]: pod.controllerKind,
  [`${META}pod_controller_name`]: pod.controllerName,
});

export const containerLabels = ({ name, image, id, isInit }: KeptContainer, port: KeptPort | undefined): Texts => ({
  [`${META}pod_container_name`]: name,
  [`${META}pod_container_image`]: image,
  [`${META}pod_container_id`]: id,
  [`${META}pod_container_init`]: String(isInit),
  ...(port && {
    [`${META}pod_container_port_name`]: port.name,
    [`${META}pod_container_port_number`]: String(port.number),
    [`${META}pod_container_port_protocol`]: port.protocol,
  }),
});

export const serviceLabels = (service: KeptService): Texts => ({
  ...metaLabels("service", service),
  [`${META}service_type`]: service.type,
  ...(service.type === "ExternalName" ? { [`${META}service_external_name`]: service.externalName } : { [`${META}service_cluster_ip`]: service.clusterIp }),
  ...(service.type === "LoadBalancer" && { [`${META}service_loadbalancer_ip`]: service.loadBalancerIp }),
});

export const hostPort = (host: string, port: number): string => `${host.includes(":") ? `[${host}]` : host}:${port}`;

