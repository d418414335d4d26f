/**
 * Globs to folders and back: which folders must be watched, and which of the paths in them are
 * wanted. Patterns are picomatch's, made absolute; `*` does not match a leading dot.
 */

import { dirname, resolve } from "node:path";
import picomatch from "picomatch";

export interface PathFilter {
  /** Folders below which everything wanted lies. */
  readonly bases: readonly string[];
  /** A file to follow, by its name alone. */
  wants(path: string): boolean;
  /** Whether a wanted file can lie in this folder or deeper. */
  mayHold(folder: string): boolean;
}

/** Rotations that were compressed: their lines were read before. */
const COMPRESSED = /\.(gz|tgz|z|bz2|xz|lzma|zst|lz4|br|zip|7z)$/i;

export const isCompressed = (path: string): boolean => COMPRESSED.test(path);

/** Longest way down; a loop made by bind mounts ends here. */
const MAX_DEPTH = 32;

interface Reach {
  readonly base: string;
  /** Folders below `base` that can hold a match. */
  readonly depth: number;
}

const reachOf = (pattern: string): Reach => {
  const { base, glob, isGlob } = picomatch.scan(pattern);
  if (!isGlob || glob === "") return { base: dirname(pattern), depth: 0 };
  const depth = glob.includes("**") ? MAX_DEPTH : glob.split("/").length - 1;
  return { base: base === "" ? "/" : base, depth };
};

const isBelow = (folder: string, base: string): boolean =>
  folder === base || folder.startsWith(base === "/" ? "/" : `${base}/`);

const depthBelow = (folder: string, base: string): number =>
  folder.split("/").filter(Boolean).length - base.split("/").filter(Boolean).length;

/** Relative patterns begin at the working folder, except those that begin anywhere (`**`). */
const absolute = (pattern: string): string => {
  if (pattern.startsWith("/")) return pattern;
  return pattern.startsWith("**") ? `/${pattern}` : `${resolve(".")}/${pattern.replace(/^\.\//, "")}`;
};

export const compileGlobs = (include: readonly string[], exclude: readonly string[]): PathFilter => {
  const patterns = include.map(absolute);
  const reaches = patterns.map(reachOf);
  const included = picomatch(patterns);
  const excluded = exclude.length === 0 ? () => false : picomatch(exclude.map(absolute), { dot: true });
  return {
    bases: [...new Set(reaches.map(({ base }) => base))].sort(),
    wants: (path) => included(path) && !isCompressed(path) && !excluded(path),
    mayHold: (folder) =>
      !excluded(folder) &&
      reaches.some(({ base, depth }) => (isBelow(folder, base) ? depthBelow(folder, base) <= depth : isBelow(base, folder))),
  };
};
