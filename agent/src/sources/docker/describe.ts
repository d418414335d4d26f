/** What a container's own metadata says of its rows, under OTel's names. */

import type { Description } from "../containers/contracts.ts";
import { imageAttributes } from "../containers/image-name.ts";
import { namedAttributes } from "../containers/name-filter.ts";
import type { InspectedContainer } from "./engine.ts";

const EXCLUDE_LABEL = "obs.io/exclude";
const SERVICE_LABELS = ["obs.io/service", "com.docker.compose.service", "com.docker.swarm.service.name"];
const POD_LABEL = "io.kubernetes.pod.name";
/** Said by attributes of their own, or about the build and not about what runs. */
const LEFT_OUT = /^(com\.docker\.compose\.|org\.opencontainers\.|desktop\.docker\.|obs\.io\/)/;

export interface DescribeOptions {
  readonly wantsLabel: (name: string) => boolean;
  readonly skipKubernetes: boolean;
}

export const describeContainer = ({ Id, Name, Config }: InspectedContainer, { wantsLabel, skipKubernetes }: DescribeOptions): Description => {
  const labels = Config.Labels ?? {};
  const name = Name.replace(/^\//, "");
  const compose = { "docker.compose.project": labels["com.docker.compose.project"], "docker.compose.service": labels["com.docker.compose.service"] };
  return {
    service: SERVICE_LABELS.map((label) => labels[label]).find(Boolean) ?? (name || Id.slice(0, 12)),
    excluded: labels[EXCLUDE_LABEL] === "true" || (skipKubernetes && labels[POD_LABEL] !== undefined),
    attributes: {
      "container.id": Id,
      "container.name": name,
      "container.runtime": "docker",
      ...imageAttributes(Config.Image),
      ...(Object.fromEntries(Object.entries(compose).filter(([, value]) => value)) as Record<string, string>),
      ...namedAttributes("container.label.", labels, (label) => wantsLabel(label) && !LEFT_OUT.test(label)),
    },
  };
};

/** Nothing but its id is known. */
export const describeUnknown = (id: string): Description => ({
  service: id.slice(0, 12) || "docker",
  excluded: false,
  attributes: { ...(id && { "container.id": id }), "container.runtime": "docker" },
});
