/** For tests: objects as `kubectl get -o json` shows them, without what nobody here looks at. */

import type { DoubleObject } from "./api-double.ts";

export interface PodChanges {
  readonly uid?: string;
  readonly namespace?: string;
  readonly node?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly containers?: readonly string[];
  readonly ip?: string;
  /** Of each container. */
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol: string }[];
}

export const pod = (name: string, { uid = `uid-${name}`, namespace = "shop", node = "node-1", labels = {}, annotations = {}, owner, containers = ["web"], ip, ports }: PodChanges = {}) => ({
  kind: "Pod",
  metadata: { name, namespace, uid, labels, annotations, ...(owner && { ownerReferences: [{ ...owner, controller: true }] }) },
  spec: { nodeName: node, containers: containers.map((container) => ({ name: container, image: `reg.example.com/shop/${container}:1.2`, ...(ports && { ports }) })) },
  status: {
    ...(ip !== undefined && { phase: "Running", podIP: ip, hostIP: "10.0.0.1", conditions: [{ type: "Initialized", status: "True" }, { type: "Ready", status: "True" }] }),
    containerStatuses: containers.map((container) => ({ name: container, containerID: `containerd://${"c".repeat(63)}1`, restartCount: 0 })),
  },
});

/** Of any kind: metadata, and whatever else it has. */
export const object = (kind: string, name: string, { namespace, labels = {}, annotations = {} }: { readonly namespace?: string; readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> }, more: Readonly<Record<string, unknown>> = {}): DoubleObject => ({
  kind,
  metadata: { name, uid: `uid-${kind}-${name}`, ...(namespace !== undefined && { namespace }), ...(Object.keys(labels).length > 0 && { labels }), ...(Object.keys(annotations).length > 0 && { annotations }) },
  ...more,
});
