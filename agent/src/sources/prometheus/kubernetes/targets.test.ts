/** Labels as https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config names them. */

import { describe, expect, it } from "vitest";
import type { KubernetesRole } from "../../../config/kubernetes-discovery.ts";
import { keyOf } from "./collection.ts";
import { takeEndpoints, takeEndpointSlice } from "./endpoint-objects.ts";
import { takeIngress, takeKept, takeNode, takePod, takeService, type Kept } from "./objects.ts";
import { targetsOf, type View } from "./targets.ts";

const META = "__meta_kubernetes_";
const labelled = (role: string, labels: Record<string, string>, annotations: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries([
    ...Object.entries(labels).flatMap(([name, value]) => [[`${role}_label_${name}`, value], [`${role}_labelpresent_${name}`, "true"]]),
    ...Object.entries(annotations).flatMap(([name, value]) => [[`${role}_annotation_${name}`, value], [`${role}_annotationpresent_${name}`, "true"]]),
  ]);

const POD = {
  metadata: {
    name: "web-5d9c7b-x2x4z", namespace: "shop", uid: "8f1e", labels: { "app.kubernetes.io/name": "web" }, annotations: { "prometheus.io/port": "9102" },
    ownerReferences: [{ kind: "Other", name: "no" }, { kind: "ReplicaSet", name: "web-5d9c7b", controller: true }], managedFields: [{ manager: "kubectl" }],
  },
  spec: {
    nodeName: "node-1",
    containers: [
      { name: "web", image: "web:1.2", ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }, { containerPort: 53, protocol: "UDP" }] },
      { name: "sidecar", image: "sidecar:1" },
    ],
    initContainers: [{ name: "proxy", image: "proxy:3", ports: [{ name: "stats", containerPort: 9000 }] }],
  },
  status: {
    podIP: "10.1.0.7", hostIP: "10.0.0.1", phase: "Running", conditions: [{ type: "Initialized", status: "True" }, { type: "Ready", status: "False" }],
    containerStatuses: [{ name: "web", containerID: "containerd://aaa" }], initContainerStatuses: [{ name: "proxy", containerID: "containerd://bbb" }],
  },
};
const POD_LABELS = {
  namespace: "shop", pod_name: "web-5d9c7b-x2x4z", pod_ip: "10.1.0.7", pod_uid: "8f1e", pod_host_ip: "10.0.0.1", pod_node_name: "node-1", pod_phase: "Running", pod_ready: "false",
  pod_controller_kind: "ReplicaSet", pod_controller_name: "web-5d9c7b", ...labelled("pod", { app_kubernetes_io_name: "web" }, { prometheus_io_port: "9102" }),
};
const container = (name: string, image: string, id: string, init: string, port?: [name: string, number: string, protocol: string]): Record<string, string> => ({
  pod_container_name: name, pod_container_image: image, pod_container_id: id, pod_container_init: init,
  ...(port && { pod_container_port_name: port[0], pod_container_port_number: port[1], pod_container_port_protocol: port[2] }),
});
const HTTP = container("web", "web:1.2", "containerd://aaa", "false", ["http", "8080", "TCP"]);
const DNS = container("web", "web:1.2", "containerd://aaa", "false", ["", "53", "UDP"]);
const STATS = container("proxy", "proxy:3", "containerd://bbb", "true", ["stats", "9000", "TCP"]);

const SERVICE = { metadata: { name: "web", namespace: "shop", labels: { tier: "front" }, annotations: { "a/b-c": "d" } }, spec: { type: "LoadBalancer", clusterIP: "10.96.0.5", loadBalancerIP: "192.0.2.1", ports: [{ name: "http", port: 80, protocol: "TCP" }, { port: 9090 }] } };
const SERVICE_LABELS = { namespace: "shop", service_name: "web", service_type: "LoadBalancer", service_cluster_ip: "10.96.0.5", service_loadbalancer_ip: "192.0.2.1", ...labelled("service", { tier: "front" }, { a_b_c: "d" }) };

const NODE = {
  metadata: { name: "node-1", labels: { "topology.kubernetes.io/zone": "eu-1" }, annotations: { note: "x" } },
  spec: { providerID: "cloud://node-1" },
  status: { addresses: [{ type: "Hostname", address: "node-1.example.com" }, { type: "InternalIP", address: "fd00::1" }, { type: "InternalIP", address: "10.0.0.1" }], daemonEndpoints: { kubeletEndpoint: { Port: 10250 } } },
};
const NODE_LABELS = { node_name: "node-1", ...labelled("node", { topology_kubernetes_io_zone: "eu-1" }, { note: "x" }) };

const NAMESPACE = { metadata: { name: "shop", labels: { team: "a" }, annotations: { cost: "7" } } };
const NAMESPACE_LABELS = labelled("namespace", { team: "a" }, { cost: "7" });

const INGRESS = {
  metadata: { name: "front", namespace: "shop", labels: { app: "front" } },
  spec: {
    ingressClassName: "nginx", tls: [{ hosts: ["*.example.com", "shop.test"] }],
    rules: [{ host: "a.example.com", http: { paths: [{ path: "/api" }, {}] } }, { host: "a.b.example.com" }, { host: "shop.test", http: { paths: [{ path: "/x" }] } }, { host: "example.com" }],
  },
};

const REF = { kind: "Pod", name: POD.metadata.name, namespace: "shop" };
const ENDPOINTS = {
  metadata: { name: "web", namespace: "shop", labels: { l: "1" }, annotations: { an: "2" } },
  subsets: [
    { ports: [{ name: "http", port: 8080, protocol: "TCP" }], addresses: [{ ip: "10.1.0.7", nodeName: "node-1", targetRef: REF }], notReadyAddresses: [{ ip: "10.1.0.8", hostname: "db-0" }] },
    // No port, no target.
    { addresses: [{ ip: "10.1.0.9" }] },
  ],
};
const ENDPOINTS_LABELS = { namespace: "shop", endpoints_name: "web", ...labelled("endpoints", { l: "1" }, { an: "2" }) };

const SLICE = {
  metadata: { name: "web-abc", namespace: "shop", labels: { "kubernetes.io/service-name": "web" } },
  addressType: "IPv4",
  ports: [{ name: "http", port: 8080, protocol: "TCP", appProtocol: "http" }],
  endpoints: [
    { addresses: ["10.1.0.7"], conditions: { ready: true, serving: true, terminating: false }, nodeName: "node-1", zone: "eu-1", targetRef: REF },
    { addresses: ["10.0.0.1"], hostname: "outside", targetRef: { kind: "Node", name: "node-1" }, deprecatedTopology: { "kubernetes.io/hostname": "node-1" } },
  ],
};
const SLICE_LABELS = { namespace: "shop", endpointslice_name: "web-abc", endpointslice_address_type: "IPv4", ...labelled("endpointslice", { kubernetes_io_service_name: "web" }) };
const SLICE_PORT = { endpointslice_port: "8080", endpointslice_port_name: "http", endpointslice_port_protocol: "TCP", endpointslice_port_app_protocol: "http" };

const TAKE: Readonly<Record<KubernetesRole, (object: never) => Kept>> = { pod: takePod, service: takeService, node: takeNode, ingress: takeIngress, endpoints: takeEndpoints, endpointslice: takeEndpointSlice };

const viewOf = (...objects: readonly [kind: KubernetesRole | "namespace", object: object][]): View => {
  const kept = new Map(objects.map(([kind, object]) => {
    const item = kind === "namespace" ? takeKept(object as never) : TAKE[kind](object as never);
    return [`${kind} ${keyOf(item)}`, item];
  }));
  const find = (kind: string, namespace: string, name: string) => kept.get(`${kind} ${namespace}/${name}`) as never;
  return { pod: (namespace, name) => find("pod", namespace, name), service: (namespace, name) => find("service", namespace, name), node: (name) => find("node", "", name), namespace: (name) => find("namespace", "", name) };
};
const NOTHING = viewOf();
const ATTACHED = viewOf(["node", NODE], ["namespace", NAMESPACE]);
const ALL = viewOf(["pod", POD], ["service", SERVICE], ["node", NODE], ["namespace", NAMESPACE]);

/** Names without their prefix; labels without a value are none. */
const shown = (role: KubernetesRole, object: object, view: View): Record<string, string>[] =>
  targetsOf(role, TAKE[role](object as never), view).map((target) => Object.fromEntries(Object.entries(target).filter(([, value]) => value !== "").map(([name, value]) => [name.replace(META, ""), value])));

const filled = (...parts: Record<string, string>[]): Record<string, string> => Object.fromEntries(Object.entries(Object.assign({}, ...parts) as Record<string, string>).filter(([, value]) => value !== ""));

describe("targets of role", () => {
  it.each<[string, KubernetesRole, object, View, Record<string, string>[]]>([
    ["pod: one per port, one for a container without", "pod", POD, NOTHING, [
      filled({ __address__: "10.1.0.7:8080" }, POD_LABELS, HTTP),
      filled({ __address__: "10.1.0.7:53" }, POD_LABELS, DNS),
      filled({ __address__: "10.1.0.7" }, POD_LABELS, container("sidecar", "sidecar:1", "", "false")),
      filled({ __address__: "10.1.0.7:9000" }, POD_LABELS, STATS),
    ]],
    ["pod: none without an address", "pod", { ...POD, status: { phase: "Pending" } }, NOTHING, []],
    ["pod: little is known", "pod", { metadata: { name: "p", namespace: "n" }, spec: { containers: [{ name: "c", ports: [{ containerPort: 1 }] }] }, status: { podIP: "fd00::7" } }, NOTHING, [
      filled({ __address__: "[fd00::7]:1", namespace: "n", pod_name: "p", pod_ip: "fd00::7", pod_ready: "unknown" }, container("c", "", "", "false", ["", "1", "TCP"])),
    ]],
    ["pod: with node and namespace", "pod", { ...POD, spec: { ...POD.spec, containers: [], initContainers: POD.spec.initContainers } }, ATTACHED, [
      filled({ __address__: "10.1.0.7:9000" }, POD_LABELS, STATS, NODE_LABELS, NAMESPACE_LABELS),
    ]],
    ["service: one per port", "service", SERVICE, NOTHING, [
      filled({ __address__: "web.shop.svc:80", service_port_name: "http", service_port_number: "80", service_port_protocol: "TCP" }, SERVICE_LABELS),
      filled({ __address__: "web.shop.svc:9090", service_port_number: "9090", service_port_protocol: "TCP" }, SERVICE_LABELS),
    ]],
    ["service: elsewhere", "service", { metadata: { name: "db", namespace: "shop" }, spec: { type: "ExternalName", externalName: "db.example.com", clusterIP: "None", ports: [{ port: 1 }] } }, ATTACHED, [
      filled({ __address__: "db.shop.svc:1", namespace: "shop", service_name: "db", service_type: "ExternalName", service_external_name: "db.example.com", service_port_number: "1", service_port_protocol: "TCP" }, NAMESPACE_LABELS),
    ]],
    ["service: with the address that its load balancer was given", "service", { metadata: { name: "lb", namespace: "shop" }, spec: { type: "LoadBalancer", ports: [{ port: 1 }] }, status: { loadBalancer: { ingress: [{ hostname: "lb.example.com" }, { ip: "192.0.2.7" }] } } }, NOTHING, [
      { __address__: "lb.shop.svc:1", namespace: "shop", service_name: "lb", service_type: "LoadBalancer", service_loadbalancer_ip: "192.0.2.7", service_port_number: "1", service_port_protocol: "TCP" },
    ]],
    ["node: its kubelet", "node", NODE, NOTHING, [
      filled({ __address__: "[fd00::1]:10250", instance: "node-1", node_provider_id: "cloud://node-1", node_address_InternalIP: "fd00::1", node_address_Hostname: "node-1.example.com" }, NODE_LABELS),
    ]],
    ["node: none without an address", "node", { metadata: { name: "n" }, status: { addresses: [{ type: "InternalDNS", address: "n" }] } }, NOTHING, []],
    ["ingress: one per path", "ingress", INGRESS, ATTACHED, [
      ["https", "a.example.com", "/api"], ["https", "a.example.com", "/"], ["http", "a.b.example.com", "/"], ["https", "shop.test", "/x"], ["http", "example.com", "/"],
    ].map(([scheme, host, path]) => filled({ __address__: host!, ingress_scheme: scheme!, ingress_host: host!, ingress_path: path!, namespace: "shop", ingress_name: "front", ingress_class_name: "nginx" }, labelled("ingress", { app: "front" }), NAMESPACE_LABELS))],
    ["endpoints: one per address and port, and other ports of pods", "endpoints", ENDPOINTS, ALL, [
      filled({ __address__: "10.1.0.7:8080", endpoint_ready: "true", endpoint_port_name: "http", endpoint_port_protocol: "TCP", endpoint_node_name: "node-1", endpoint_address_target_kind: "Pod", endpoint_address_target_name: POD.metadata.name }, ENDPOINTS_LABELS, SERVICE_LABELS, POD_LABELS, HTTP, NODE_LABELS, NAMESPACE_LABELS),
      filled({ __address__: "10.1.0.8:8080", endpoint_ready: "false", endpoint_port_name: "http", endpoint_port_protocol: "TCP", endpoint_hostname: "db-0" }, ENDPOINTS_LABELS, SERVICE_LABELS, NAMESPACE_LABELS),
      filled({ __address__: "10.1.0.7:53" }, ENDPOINTS_LABELS, SERVICE_LABELS, POD_LABELS, DNS, NODE_LABELS, NAMESPACE_LABELS),
      filled({ __address__: "10.1.0.7:9000" }, ENDPOINTS_LABELS, SERVICE_LABELS, POD_LABELS, STATS, NODE_LABELS, NAMESPACE_LABELS),
    ]],
    ["endpoints: nothing else is known", "endpoints", ENDPOINTS, NOTHING, [
      filled({ __address__: "10.1.0.7:8080", endpoint_ready: "true", endpoint_port_name: "http", endpoint_port_protocol: "TCP", endpoint_node_name: "node-1", endpoint_address_target_kind: "Pod", endpoint_address_target_name: POD.metadata.name }, ENDPOINTS_LABELS),
      filled({ __address__: "10.1.0.8:8080", endpoint_ready: "false", endpoint_port_name: "http", endpoint_port_protocol: "TCP", endpoint_hostname: "db-0" }, ENDPOINTS_LABELS),
    ]],
    ["endpointslice: one per address and port, and other ports of pods", "endpointslice", SLICE, ALL, [
      filled({ __address__: "10.1.0.7:8080", endpointslice_endpoint_conditions_ready: "true", endpointslice_endpoint_conditions_serving: "true", endpointslice_endpoint_conditions_terminating: "false", endpointslice_endpoint_node_name: "node-1", endpointslice_endpoint_zone: "eu-1", endpointslice_address_target_kind: "Pod", endpointslice_address_target_name: POD.metadata.name }, SLICE_LABELS, SLICE_PORT, SERVICE_LABELS, POD_LABELS, HTTP, NODE_LABELS, NAMESPACE_LABELS),
      filled({ __address__: "10.0.0.1:8080", endpointslice_endpoint_hostname: "outside", endpointslice_address_target_kind: "Node", endpointslice_address_target_name: "node-1", endpointslice_endpoint_topology_kubernetes_io_hostname: "node-1", endpointslice_endpoint_topology_present_kubernetes_io_hostname: "true" }, SLICE_LABELS, SLICE_PORT, SERVICE_LABELS, NODE_LABELS, NAMESPACE_LABELS),
      filled({ __address__: "10.1.0.7:53" }, SLICE_LABELS, SERVICE_LABELS, POD_LABELS, DNS, NODE_LABELS, NAMESPACE_LABELS),
      filled({ __address__: "10.1.0.7:9000" }, SLICE_LABELS, SERVICE_LABELS, POD_LABELS, STATS, NODE_LABELS, NAMESPACE_LABELS),
    ]],
    ["endpointslice: of no service, without ports", "endpointslice", { metadata: { name: "s", namespace: "n" }, addressType: "FQDN", ports: null, endpoints: [{ addresses: ["a.example.com"] }] }, ALL, []],
    ["endpointslice: any port", "endpointslice", { metadata: { name: "s", namespace: "n" }, addressType: "FQDN", ports: [{ name: "", port: null }], endpoints: [{ addresses: ["a.example.com"], conditions: {} }] }, ALL, [
      { __address__: "a.example.com", namespace: "n", endpointslice_name: "s", endpointslice_address_type: "FQDN", endpointslice_port_protocol: "TCP" },
    ]],
  ])("%s", (_name, role, object, view, expected) => expect(shown(role, object, view)).toEqual(expected));

  it("are made of what is kept, which is a small part of what there is", () => {
    const kept = JSON.stringify(takePod(POD));
    expect(kept).not.toContain("managedFields");
    expect(kept).not.toContain("kubectl");
  });
});
