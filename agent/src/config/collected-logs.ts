/** Options of the sources that read logs which something else on this host collects: journald, docker, the kubelet. */

import { CA_FILE, TOKEN_FILE } from "../core/kubernetes-api/service-account.ts";
import { z } from "../core/zod.ts";
import { duration, httpUrl, readFrom } from "./option-types.ts";

const whenFound = (what: string) =>
  z
    .union([z.boolean(), z.enum(["auto", "true", "false"]).transform((text) => (text === "auto" ? text : text === "true"))])
    .prefault("auto")
    .describe(`Whether ${what} read. \`auto\`: where they are found and can be read, as long as \`files\` is not configured.`);
const names = () => z.array(z.string().min(1));
const firstStart = (what: string) => readFrom.prefault("10m").describe(`Where ${what} found at the very first start are begun: \`beginning\`, \`end\`, or an age.`);
const environment = z.string().optional().describe("Environment of its rows, in place of the one for all.");
const metadataWait = (what: string) => duration("0s").prefault("5s").describe(`How long the log of a new ${what} waits for its metadata; then it is shipped without.`);
const partialWait = duration("0s").prefault("5s").describe("How long the beginning of a line waits for its end.");

export const journaldSchema = z
  .strictObject({
    enabled: whenFound("entries of the journal are"),
    folder: z.string().prefault("").describe("Folder of the journal; by default this system's."),
    units: names().prefault([]).describe("Only entries of these systemd units, as patterns of `journalctl --unit`; by default all."),
    read_from: firstStart("entries"),
    environment,
  })
  .prefault({})
  .describe("Entries of the systemd journal, read by `journalctl`. Where they are read by `auto`, the files that syslog daemons write from the journal are not.");

export const dockerSchema = z
  .strictObject({
    enabled: whenFound("containers' logs are"),
    root: z.string().min(1).prefault("/var/lib/docker").describe("Docker's data folder. Where its log files cannot be read, logs come from the API."),
    socket: z.string().min(1).prefault("/var/run/docker.sock").describe("Unix socket of the Engine API."),
    labels: names().prefault(["*"]).describe("Labels that become attributes `container.label.NAME`; `*` stands for anything. A container with the label `obs.io/exclude=true` is left out."),
    read_from: firstStart("logs"),
    environment,
    metadata_wait: metadataWait("container"),
    partial_wait: partialWait,
  })
  .prefault({})
  .describe("Logs of docker's containers.");

export const kubernetesSchema = z
  .strictObject({
    enabled: whenFound("pods' logs are"),
    include: names().min(1).prefault(["/var/log/pods/*/*/*.log", "/var/log/containers/*.log"]).describe("Globs of the pods' logs. A file under both names is read once."),
    exclude: names().prefault([]).describe("Globs of logs to leave out."),
    node: z.string().prefault("").describe("Name of this node: only its pods are asked for. By default those of the whole cluster."),
    api_server: httpUrl.optional().describe("Address of the API server; by default the cluster's own. Outside of a cluster there is none, and metadata is what paths tell."),
    token_file: z.string().prefault(TOKEN_FILE).describe("File with the bearer token, read anew for each connection."),
    ca_file: z.string().prefault(CA_FILE).describe("File with the certificates that the API server's is checked against."),
    select: z.enum(["all", "annotated"]).prefault("all").describe("`all`: every pod without the annotation `obs.io/exclude` (`true`, or names of containers); `annotated`: only those with `obs.io/include`."),
    labels: names().prefault(["*"]).describe("Labels of pods that become attributes `k8s.pod.label.NAME`; `*` stands for anything."),
    annotations: names().prefault([]).describe("Annotations of pods that become attributes `k8s.pod.annotation.NAME`."),
    read_from: firstStart("logs"),
    environment,
    metadata_wait: metadataWait("pod"),
    partial_wait: partialWait,
  })
  .prefault({})
  .describe("Logs of this node's pods.");

export type JournaldOptions = z.output<typeof journaldSchema>;
export type DockerOptions = z.output<typeof dockerSchema>;
export type KubernetesOptions = z.output<typeof kubernetesSchema>;
