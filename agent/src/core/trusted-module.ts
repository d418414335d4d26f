/**
 * Modules of a user's that run inside the agent. Only one that nobody but the agent's user, or root, can have
 * written is loaded.
 */

import { realpath, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

export interface TrustedModule {
  readonly exported: unknown;
  /** Changes when the file does. */
  readonly version: string;
  /** Where it was found. */
  readonly path: string;
}

/** A file by its path, or a package by its name, as `npm install` in the current folder puts it there. */
const pathOf = (name: string): string => {
  if (/^[./~]|\.[cm]?[jt]s$/.test(name)) return resolve(name);
  try {
    return createRequire(join(process.cwd(), "config.js")).resolve(name);
  } catch {
    throw new Error(`there is no such package: install it (npm install ${name}) in the folder that the agent is started in, or give the path of its file`);
  }
};

/** Its default export. Throws Error that says what is wrong with the file, and what to do. */
export const loadTrustedModule = async (name: string): Promise<TrustedModule> => {
  const path = await realpath(pathOf(name)).catch((error: NodeJS.ErrnoException) => {
    throw new Error(error.code === "ENOENT" ? "there is no such file" : error.message);
  });
  const { mtimeMs, ino, size } = await requireTrusted(path);
  const version = `${ino}-${size}-${mtimeMs}`;
  // Node keeps what it has imported: another version is another address.
  const loaded = (await import(`${pathToFileURL(path).href}?version=${version}`).catch((error: unknown) => {
    throw new Error(`it cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  })) as { readonly default?: unknown };
  return { exported: loaded.default, version, path };
};

/** The file and every folder above it: who can rename a folder can put another file there. */
const requireTrusted = async (path: string) => {
  const facts = await stat(path);
  const user = process.getuid?.();
  if (user === undefined) return facts;
  for (let at = path, found = facts; ; at = dirname(at), found = await stat(at)) {
    if (found.uid !== user && found.uid !== 0) throw new Error(`${at} belongs to another user: it must belong to root or to the user that the agent runs as (chown)`);
    // In a folder like /tmp nobody can rename what is another's.
    const isSticky = at !== path && (found.mode & STICKY) !== 0;
    if ((found.mode & WRITABLE_BY_OTHERS) !== 0 && !isSticky) throw new Error(`${at} can be written by others: take their right away (chmod go-w ${at})`);
    if (dirname(at) === at) return facts;
  }
};
