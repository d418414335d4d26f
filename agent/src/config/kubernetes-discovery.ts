/** Options of `kubernetes_sd_configs`: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config */

import { z } from "../core/zod.ts";
import { authorization, basicAuth, tlsConfig } from "./http-client.ts";
import { flag, httpUrl } from "./option-types.ts";

export const KUBERNETES_ROLES = ["node", "pod", "service", "endpoints", "endpointslice", "ingress"] as const;

export type KubernetesRole = (typeof KUBERNETES_ROLES)[number];

/** What each role asks the API server for, its own objects first: these can be selected. */
const SELECTABLE: Readonly<Record<KubernetesRole, readonly KubernetesRole[]>> = {
  node: ["node"],
  pod: ["pod", "node"],
  service: ["service"],
  endpoints: ["endpoints", "service", "pod", "node"],
  endpointslice: ["endpointslice", "service", "pod", "node"],
  ingress: ["ingress"],
};

const listed = KUBERNETES_ROLES.map((role) => `\`${role}\``).join(", ");

export const kubernetesDiscovery = z
  .strictObject({
    role: z.enum(KUBERNETES_ROLES).describe(`What is discovered: one of ${listed}.`),
    api_server: httpUrl.optional().describe("Address of the API server; by default that of the cluster which the agent runs in, asked as its service account."),
    kubeconfig_file: z.string().min(1).optional().describe("A kubeconfig file whose current context says all of this, in place of `api_server`; read anew for each request."),
    basic_auth: basicAuth(),
    authorization: authorization(),
    tls_config: tlsConfig("TLS of `api_server`; the files are read anew for each request."),
    namespaces: z
      .strictObject({
        own_namespace: flag().prefault(false).describe("Whether the namespace of the agent's own pod is one of them."),
        names: z.array(z.string().min(1)).prefault([]).describe("Their names."),
      })
      .prefault({})
      .describe("Only these namespaces; by default all."),
    selectors: z
      .array(
        z.strictObject({
          role: z.enum(KUBERNETES_ROLES).describe("Which objects: the role's own, or those that are looked up for it."),
          label: z.string().prefault("").describe("Label selector, such as `app=web,tier!=test`."),
          field: z.string().prefault("").describe("Field selector, such as `spec.nodeName=node-1`."),
        }),
      )
      .prefault([])
      .describe("Objects that the API server is asked for; by default all."),
    attach_metadata: z
      .strictObject({
        node: flag().prefault(false).describe("Labels and annotations of the node, for the roles `pod`, `endpoints`, `endpointslice`."),
        namespace: flag().prefault(false).describe("Labels and annotations of the namespace, for all roles but `node`."),
      })
      .prefault({})
      .describe("What else targets are described by; the account needs to list and watch it."),
  })
  .superRefine(({ role, api_server: server, kubeconfig_file: kubeconfig, basic_auth: basic, authorization: header, tls_config: tls, selectors, attach_metadata: attach }, context) => {
    const complain = (message: string, ...path: (string | number)[]): void => void context.addIssue({ code: "custom", path, message });
    if (server !== undefined && kubeconfig !== undefined) complain("api_server and kubeconfig_file exclude each other", "kubeconfig_file");
    for (const [name, value] of Object.entries({ basic_auth: basic, authorization: header, tls_config: tls }))
      if (value !== undefined && server === undefined) complain(`${name} needs api_server: in a cluster, and with a kubeconfig_file, the agent asks as these say`, name);
    if (basic && header) complain("basic_auth and authorization exclude each other", "authorization");
    for (const [index, { role: selected }] of selectors.entries()) {
      if (!SELECTABLE[role].includes(selected)) complain(`role ${role} looks at no objects of role ${selected}: expected ${SELECTABLE[role].join(", ")}`, "selectors", index, "role");
      else if (selected === "node" && role !== "node" && !attach.node) complain("nodes are looked at with attach_metadata: {node: true} only", "selectors", index, "role");
      if (selectors.findIndex((other) => other.role === selected) < index) complain(`there are two selectors for role ${selected}`, "selectors", index, "role");
    }
    if (attach.node && !SELECTABLE[role].includes("pod")) complain(`targets of role ${role} are on no node`, "attach_metadata", "node");
    if (attach.namespace && role === "node") complain("nodes are in no namespace", "attach_metadata", "namespace");
  });

export type KubernetesDiscoveryConfig = z.output<typeof kubernetesDiscovery>;
