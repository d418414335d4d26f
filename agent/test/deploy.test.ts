/** What is under agent/deploy fits together, and fits the agent: names, paths, ports, rights, configuration. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { VERSION } from "../src/core/version.ts";
import { formatConfigError, loadConfig } from "../src/config/load.ts";
import type { ConfigFile } from "../src/config/schema.ts";
import { RESOURCES } from "../src/sources/prometheus/kubernetes/clusters.ts";
import { renderChart } from "./helm-renderer.ts";

const DEPLOY = fileURLToPath(new URL("../deploy/", import.meta.url));
const CHART = join(DEPLOY, "helm/obs-agent");
const hasHelm = spawnSync("helm", ["version"]).status === 0;
const hasSystemdAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;

interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}
interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string }; readonly secretKeyRef?: { readonly name: string; readonly key: string } } }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly livenessProbe?: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly readinessProbe?: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly volumeMounts?: readonly Mount[];
  readonly securityContext?: { readonly readOnlyRootFilesystem?: boolean };
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly rules?: readonly unknown[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
  readonly resources?: readonly string[];
  readonly spec?: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
      readonly spec: {
        readonly serviceAccountName?: string;
        readonly containers: readonly Container[];
        readonly initContainers?: readonly Container[];
        readonly volumes: readonly { readonly name: string; readonly configMap?: { readonly name: string }; readonly hostPath?: { readonly path: string }; readonly emptyDir?: object }[];
      };
    };
  };
}

const manifestsIn = (text: string): Manifest[] =>
  parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw document.errors[0]!;
    return document.toJS() as Manifest;
  }).filter((manifest) => manifest !== null);

const read = (...names: string[]): string => readFileSync(join(DEPLOY, ...names), "utf8");

const kubernetes = (...names: string[]): Manifest[] => names.flatMap((name) => manifestsIn(read("kubernetes", name)));

const chart = (values: Record<string, unknown>): Manifest[] =>
  Object.entries(renderChart(CHART, values, { name: "logs", namespace: "watch" })).filter(([name]) => name.endsWith(".yaml")).flatMap(([, text]) => manifestsIn(text));

/** As Helm itself renders it. */
const helmChart = (values: Record<string, unknown>): Manifest[] => {
  const folder = mkdtempSync(join(tmpdir(), "obs-helm-"));
  try {
    writeFileSync(join(folder, "values.json"), JSON.stringify(values));
    const { status, stdout, stderr } = spawnSync("helm", ["template", "logs", CHART, "--namespace", "watch", "--values", join(folder, "values.json")], { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return manifestsIn(stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const find = (manifests: readonly Manifest[], kind: string, name?: string): Manifest | undefined => manifests.find((manifest) => manifest.kind === kind && (name === undefined || manifest.metadata.name === name));

const configurationOf = async (configMap: Manifest, env: readonly string[]): Promise<ConfigFile> => {
  const folder = mkdtempSync(join(tmpdir(), "obs-deploy-"));
  try {
    for (const [name, text] of Object.entries(configMap.data!)) writeFileSync(join(folder, name), text);
    const result = await loadConfig([folder], Object.fromEntries(env.map((name) => [name, "node-7"])));
    if ("errors" in result) throw new Error(result.errors.map(formatConfigError).join("\n"));
    return result.config;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const mountOf = ({ volumeMounts = [] }: Container, path: string): Mount | undefined =>
  volumeMounts.filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`)).sort((one, other) => other.mountPath.length - one.mountPath.length)[0];

/** The rights that roles of kubernetes_sd_configs need, in the order of the manifests; by the names of the chart's values. */
const DISCOVERY_RULES: readonly (readonly [value: string, rule: { readonly apiGroups: readonly string[]; readonly resources: readonly string[]; readonly verbs: readonly string[] }])[] = [
  ["services", { apiGroups: [""], resources: ["services"], verbs: ["list", "watch"] }],
  ["endpoints", { apiGroups: [""], resources: ["endpoints"], verbs: ["list", "watch"] }],
  ["endpointslices", { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] }],
  ["ingresses", { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: ["list", "watch"] }],
  ["nodes", { apiGroups: [""], resources: ["nodes"], verbs: ["list", "watch"] }],
  ["nodeMetrics", { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] }],
  ["namespaces", { apiGroups: [""], resources: ["namespaces"], verbs: ["list", "watch"] }],
];

const EXISTING_SECRET = { existingSecret: "ours", serviceAccount: { create: false, name: "given" }, rbac: { create: false } };
const SETS: readonly (readonly [name: string, manifests: () => Manifest[], given: readonly string[]])[] = [
  ["the manifests", () => kubernetes("rbac.yaml", "config.yaml", "daemonset.yaml"), []],
  ["the sidecar", () => kubernetes("sidecar.yaml"), []],
  ["the chart", () => chart({ apiKey: "obs_1" }), []],
  ["the chart with everything set", () => chart({ apiKey: "obs_1", image: { tag: "9" }, nodeSelector: { a: "b" }, podAnnotations: { c: "d" }, imagePullSecrets: [{ name: "r" }], config: { files: [{ include: ["/var/log/a.log"] }], journald: { enabled: true }, environment: "prod" } }), []],
  ["the chart with a secret and an account that exist", () => chart(EXISTING_SECRET), ["Secret ours", "ServiceAccount given"]],
  ...(hasHelm ? ([["the chart as helm renders it", () => helmChart({ apiKey: "obs_1" }), []]] as const) : []),
];

describe.each(SETS)("%s", (_name, manifestsOf, given) => {
  const manifests = manifestsOf();
  const workload = find(manifests, "DaemonSet") ?? find(manifests, "Deployment")!;
  const pod = workload.spec!.template;
  const agent = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(({ name }) => name === "obs-agent")!;
  const isThere = (kind: string, name: string): boolean => given.includes(`${kind} ${name}`) || find(manifests, kind, name) !== undefined;

  it("names what it refers to", () => {
    expect(pod.metadata.labels).toMatchObject(workload.spec!.selector.matchLabels);
    for (const { name } of agent.volumeMounts!) expect(pod.spec.volumes.map((volume) => volume.name)).toContain(name);
    for (const { configMap } of pod.spec.volumes) expect(configMap === undefined || isThere("ConfigMap", configMap.name)).toBe(true);
    const secrets = agent.env!.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []);
    expect(secrets.map(({ key }) => key)).toEqual(["api-key"]);
    for (const { name, key } of secrets) expect(isThere("Secret", name) && (find(manifests, "Secret", name)?.stringData ?? { [key]: "" })[key] !== undefined).toBe(true);
    const account = pod.spec.serviceAccountName;
    expect(account === undefined || isThere("ServiceAccount", account)).toBe(true);
    expect(new Set(manifests.filter(({ kind }) => !kind.startsWith("Cluster")).map(({ metadata }) => metadata.namespace)).size).toBe(1);
  });

  it("gives the agent the rights that it needs, and no more", () => {
    const role = find(manifests, "ClusterRole");
    const binding = find(manifests, "ClusterRoleBinding");
    const needs = role ? [{ apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] }] : undefined;
    expect(role?.rules).toEqual(needs);
    expect(binding?.roleRef).toEqual(role && { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name });
    expect(binding?.subjects).toEqual(role && [{ kind: "ServiceAccount", name: pod.spec.serviceAccountName, namespace: workload.metadata.namespace }]);
  });

  it("has a configuration without faults, with paths that are mounted and a port that is asked", async () => {
    const env = agent.env!.map(({ name }) => name);
    const config = await configurationOf(find(manifests, "ConfigMap")!, env);
    expect(mountOf(agent, config.data_dir!)).toMatchObject({ name: "data" });
    expect(mountOf(agent, config.data_dir!)!.readOnly).toBeUndefined();
    expect(mountOf(agent, "/etc/obs-agent/config.yaml")).toMatchObject({ name: "config" });
    for (const path of config.files.flatMap(({ include }) => include)) expect(mountOf(agent, path)?.name).toBe("logs");
    expect(config.admin.listen).toBe(`0.0.0.0:${agent.ports![0]!.containerPort}`);
    for (const probe of [agent.livenessProbe, agent.readinessProbe]) {
      if (!probe) continue;
      expect(probe.httpGet.port).toBe(agent.ports![0]!.name);
      expect(readFileSync(new URL("../src/admin/server.ts", import.meta.url), "utf8")).toContain(`case "${probe.httpGet.path}":`);
    }
    expect(agent.args![0]).toBe("run");
    expect(agent.securityContext!.readOnlyRootFilesystem).toBe(true);
  });

  if (workload.kind !== "DaemonSet") return;
  it("reads the logs of its node's pods, but not its own", async () => {
    const config = await configurationOf(find(manifests, "ConfigMap")!, agent.env!.map(({ name }) => name));
    expect(config.kubernetes.enabled).toBe(true);
    expect([config.kubernetes.node, config.host]).toEqual(["node-7", "node-7"]);
    expect(agent.env!.find(({ name }) => name === "NODE_NAME")!.valueFrom!.fieldRef!.fieldPath).toBe("spec.nodeName");
    for (const path of [...config.kubernetes.include, config.journald.folder || "/var/log/journal", "/var/lib/docker/containers/x"]) {
      const mount = mountOf(agent, path)!;
      expect(pod.spec.volumes.find(({ name }) => name === mount.name)!.hostPath!.path).toBe(mount.mountPath);
      expect(mount.readOnly).toBe(true);
    }
    expect(pod.metadata.annotations!["obs.io/exclude"]).toBe("true");
  });
});

const sorted = (manifests: Manifest[]): Manifest[] => manifests.sort((one, other) => (one.kind < other.kind ? -1 : 1));

describe("the chart", () => {
  it("says what is missing", () => {
    expect(() => chart({})).toThrow("apiKey");
    expect(() => chart({ apiKey: "k", endpoint: "" })).toThrow("endpoint");
  });

  // No package of Debian's has helm: where it is not on the path, the renderer above stands for it.
  for (const values of hasHelm ? [{ apiKey: "obs_1" }, EXISTING_SECRET] : [])
    it(`is rendered by helm as by the tests: ${Object.keys(values).join()}`, () => {
      expect(sorted(helmChart(values))).toEqual(sorted(chart(values)));
    });

  it("is of the agent's version, as everything else", () => {
    const { version, appVersion } = manifestsIn(readFileSync(join(CHART, "Chart.yaml"), "utf8"))[0] as unknown as { version: string; appVersion: string };
    expect([version, appVersion]).toEqual([VERSION, VERSION]);
    for (const file of ["kubernetes/daemonset.yaml", "kubernetes/sidecar.yaml"]) expect(read(file)).toContain(`image: obs-agent:${VERSION}`);
    expect(read("docker/Dockerfile")).toContain(`obs-agent@${VERSION}`);
  });
});

const bindingOf = (manifests: readonly Manifest[], name: string) => find(manifests, "ClusterRoleBinding", name)!;

describe("rights to discover targets", () => {
  it("are a role of their own among the manifests, for the agent's account", () => {
    const manifests = kubernetes("rbac-discovery.yaml");
    expect(find(manifests, "ClusterRole")!.rules).toEqual(DISCOVERY_RULES.map(([, rule]) => rule));
    const { roleRef, subjects } = bindingOf(manifests, "obs-agent-discovery");
    expect(roleRef).toEqual({ apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: find(manifests, "ClusterRole")!.metadata.name });
    expect(subjects).toEqual(bindingOf(kubernetes("rbac.yaml"), "obs-agent").subjects);
  });

  it.each([...DISCOVERY_RULES.map(([value]) => [value]), DISCOVERY_RULES.map(([value]) => value)])("are values of the chart: %s", (...values) => {
    const role = find(chart({ apiKey: "k", rbac: { discovery: Object.fromEntries(values.map((value) => [value, true])) } }), "ClusterRole")!;
    expect(role.rules).toEqual([{ apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] }, ...DISCOVERY_RULES.filter(([value]) => values.includes(value)).map(([, rule]) => rule)]);
  });

  it("are those of what the agent asks for", () => {
    const asked = Object.values(RESOURCES).map(({ root, plural }) => ({ apiGroups: [root === "/api/v1" ? "" : root.split("/")[2]], resources: [plural], verbs: ["list", "watch"] }));
    const given = [{ apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] }, ...DISCOVERY_RULES.map(([, rule]) => rule).filter(({ verbs }) => verbs.includes("list"))];
    expect(new Set(given.map((rule) => JSON.stringify(rule)))).toEqual(new Set(asked.map((rule) => JSON.stringify(rule))));
  });
});

describe("the kustomization", () => {
  it("has the manifests, each with a namespace that is there", () => {
    const [kustomization] = kubernetes("kustomization.yaml");
    const manifests = kubernetes(...kustomization!.resources!);
    expect(new Set(manifests.map(({ metadata }) => metadata.namespace ?? "obs"))).toEqual(new Set(["obs"]));
    expect(find(manifests, "Namespace", "obs")).toBeDefined();
    expect(manifests.map(({ kind }) => kind).sort()).toEqual(["ClusterRole", "ClusterRoleBinding", "ConfigMap", "DaemonSet", "Namespace", "Secret", "ServiceAccount"]);
  });
});

describe("the image", () => {
  it("has a Node that the agent runs on, starts a command that there is, and keeps its data on the volume", () => {
    const dockerfile = read("docker/Dockerfile");
    const { engines } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { engines: { node: string } };
    expect(Number(/^FROM node:(\d+)/m.exec(dockerfile)![1])).toBeGreaterThan(Number(/>=(\d+)/.exec(engines.node)![1]));
    expect(dockerfile).toMatch(/^ENTRYPOINT \["obs-agent"\]\nCMD \["run"\]$/m);
    const volume = /^VOLUME (.+)$/m.exec(dockerfile)![1]!;
    for (const name of ["OBS_AGENT_DATA_DIR", "XDG_CACHE_HOME"]) expect(new RegExp(`${name}=(\\S+)`).exec(dockerfile)![1]!.startsWith(volume)).toBe(true);
    for (const manifest of [...kubernetes("daemonset.yaml"), ...kubernetes("sidecar.yaml")].filter(({ spec }) => spec)) expect(JSON.stringify(manifest)).toContain(`"mountPath":"${volume}"`);
  });
});

describe("the systemd unit", () => {
  const unit = read("systemd/obs-agent.service");

  it("keeps the agent's data where systemd lets it write, and does not start a faulty configuration again", () => {
    expect(unit).toContain("OBS_AGENT_DATA_DIR=%S/obs-agent");
    expect(unit).toContain("StateDirectory=obs-agent\n");
    expect(unit).toContain("CacheDirectory=obs-agent\n");
    expect(unit).toContain("RestartPreventExitStatus=78");
    expect(unit).toMatch(/^ExecStart=\S+\/obs-agent run$/m);
  });

  it.skipIf(!hasSystemdAnalyze)("is understood by systemd (systemd-analyze)", () => {
    const folder = mkdtempSync(join(tmpdir(), "obs-unit-"));
    try {
      // The program is not installed here; everything else is as it is.
      writeFileSync(join(folder, "obs-agent.service"), unit.replace("/usr/bin/obs-agent", "/bin/true"));
      const { stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", "--generators=no", join(folder, "obs-agent.service")], { encoding: "utf8" });
      expect(stderr.split("\n").filter((line) => line.includes("obs-agent.service"))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
