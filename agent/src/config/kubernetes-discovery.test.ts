import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { kubernetesDiscovery } from "./kubernetes-discovery.ts";
import { loadConfig } from "./load.ts";
import { prometheusSchema } from "./metric-sources.ts";

const faultsOf = (config: Record<string, unknown>): string[] => (kubernetesDiscovery.safeParse(config).error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);

describe("kubernetes_sd_configs", () => {
  it.each<[Record<string, unknown>, ...string[]]>([
    [{ role: "pod" }],
    [{ role: "pod", attach_metadata: { node: true }, selectors: [{ role: "node", label: "a=b" }, { role: "pod", field: "spec.nodeName=n" }] }],
    [{ role: "endpointslice", api_server: "https://k:6443", tls_config: { ca_file: "/ca" }, authorization: { credentials_file: "/token" }, namespaces: { names: ["a"], own_namespace: true }, selectors: [{ role: "service", label: "a" }] }],
    [{ role: "node", kubeconfig_file: "/config" }],
    [{}, "role: "],
    [{ role: "pod", api_server: "k:6443" }, "api_server: expected an http:// or https:// address"],
    [{ role: "pod", api_server: "http://k", kubeconfig_file: "/config" }, "kubeconfig_file: api_server and kubeconfig_file exclude each other"],
    [{ role: "pod", tls_config: { ca_file: "/ca" } }, "tls_config: tls_config needs api_server"],
    [{ role: "pod", kubeconfig_file: "/config", authorization: {} }, "authorization: authorization needs api_server"],
    [{ role: "pod", api_server: "http://k", authorization: {}, basic_auth: { username: "a" } }, "authorization: basic_auth and authorization exclude each other"],
    [{ role: "pod", selectors: [{ role: "node", label: "a=b" }] }, "selectors.0.role: nodes are looked at with attach_metadata: {node: true} only"],
    [{ role: "service", selectors: [{ role: "pod" }] }, "selectors.0.role: role service looks at no objects of role pod: expected service"],
    [{ role: "pod", selectors: [{ role: "pod" }, { role: "pod" }] }, "selectors.1.role: there are two selectors for role pod"],
    [{ role: "ingress", attach_metadata: { node: true } }, "attach_metadata.node: targets of role ingress are on no node"],
    [{ role: "node", attach_metadata: { namespace: true } }, "attach_metadata.namespace: nodes are in no namespace"],
  ])("%j", (config, ...faults) => expect(faultsOf(config)).toEqual(faults.map((fault) => expect.stringContaining(fault) as string)));

  it("have an example", async () => {
    const result = await loadConfig([fileURLToPath(new URL("../../docs/examples/prometheus-kubernetes.yaml", import.meta.url))], { NODE_NAME: "node-7" });
    if ("errors" in result) throw new Error(JSON.stringify(result.errors));
    expect(result.config.prometheus.scrape_configs.map(({ kubernetes_sd_configs: [discovery] }) => [discovery!.role, discovery!.selectors[0]!.field])).toEqual([["pod", "spec.nodeName=node-7"], ["node", "metadata.name=node-7"]]);
  });

  it("stand beside relabelling whose texts look like other things", () => {
    const { scrape_configs: [job] } = prometheusSchema.parse({ scrape_configs: [{ job_name: "j", relabel_configs: [{ source_labels: ["a"], regex: true, action: "keep" }, { target_label: "b", replacement: 1 }] }] });
    expect(job!.relabel_configs).toMatchObject([{ regex: "true" }, { replacement: "1" }]);
  });
});
