/**
 * What the path of a log tells of its container. The kubelet's own files:
 *   /var/log/pods/<namespace>_<pod>_<uid>/<container>/<restarts>.log
 * and the links to them:
 *   /var/log/containers/<pod>_<namespace>_<container>-<container id>.log
 * Names of namespaces, pods and containers have no underscores.
 */

export interface LogPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Of the pod; a static pod's is the hash of its manifest. */
  readonly uid?: string;
  readonly restarts?: string;
  readonly containerId?: string;
}

const POD_FILE = /\/([^/_]+)_([^/_]+)_([^/_]+)\/([^/]+)\/(\d+)\.log[^/]*$/;
const LINK = /\/([^/_]+)_([^/_]+)_([^/_]+)-([0-9a-f]{64})\.log$/;

export const placeOfLog = (path: string): LogPlace | undefined => {
  const file = POD_FILE.exec(path);
  if (file) return { namespace: file[1]!, pod: file[2]!, uid: file[3]!, container: file[4]!, restarts: file[5]! };
  const link = LINK.exec(path);
  return link ? { pod: link[1]!, namespace: link[2]!, container: link[3]!, containerId: link[4]! } : undefined;
};
