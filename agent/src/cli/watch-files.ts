/**
 * Notices that configuration files changed. It looks rather than listens: a handful of files, looked
 * at every second, cost nothing that can be measured, and it works alike for editors that rename,
 * for a Kubernetes ConfigMap that swaps a link, for NFS, and where inotify watches have run out.
 */

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

const EVERY_MS = 1_000;

/** Of a folder: itself and its files, so that one that comes or goes is noticed. */
const namesOf = async (path: string): Promise<string[]> => [path, ...(await readdir(path).catch(() => [] as string[])).map((name) => join(path, name))];

const stampOf = async (path: string): Promise<string> => {
  const facts = await stat(path, { bigint: true }).catch(() => undefined);
  return facts ? `${path} ${facts.ino} ${facts.size} ${facts.mtimeNs}` : `${path} -`;
};

const stampsOf = async (paths: readonly string[]): Promise<string> => {
  const names = (await Promise.all(paths.map(namesOf))).flat();
  return (await Promise.all(names.map(stampOf))).join("\n");
};

/**
 * Calls back once the files have changed and stood still for one look: a file is often written in
 * several steps. The returned function ends it.
 */
export const watchFiles = (paths: () => readonly string[], changed: () => void): (() => void) => {
  let known: string | undefined;
  let seen: string | undefined;
  let ended = false;
  const look = async (): Promise<void> => {
    const now = await stampsOf(paths());
    if (ended) return;
    known ??= now;
    if (now !== known && now === seen) {
      known = now;
      changed();
    }
    seen = now;
    setTimeout(() => void look(), EVERY_MS).unref();
  };
  void look();
  return () => {
    ended = true;
  };
};
