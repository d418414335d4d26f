/** How rotation names what it puts aside: `app.log.1`, `app.log-20261122`, `app-2026-11-22.log`. */

import { basename, dirname, extname, join } from "node:path";
import { isCompressed } from "./globs.ts";

const SUFFIX = /^[.\-_~](\d[\d\-_.:TZ]*|old|bak|backup|prev|save)([.\-_]\d[\d\-_.:TZ]*)?$/i;

/** Whether a file of this name may be what was once called `path`, in the same folder. */
export const isRotatedNameOf = (path: string, candidate: string): boolean => {
  const name = basename(path);
  const other = basename(candidate);
  if (other === name || isCompressed(other)) return false;
  if (other.startsWith(name)) return SUFFIX.test(other.slice(name.length));
  const ending = extname(name);
  const stem = name.slice(0, name.length - ending.length);
  return (
    ending !== "" &&
    other.startsWith(stem) &&
    other.endsWith(ending) &&
    SUFFIX.test(other.slice(stem.length, other.length - ending.length))
  );
};

/** The names that `path` may have had before rotation, so that they can be looked up. */
export const namesBeforeRotation = (path: string): string[] => {
  const [folder, name, ending] = [dirname(path), basename(path), extname(path)];
  const names: string[] = [];
  for (let length = name.length - 1; length > 0; length--) {
    const stem = name.slice(0, length);
    for (const before of ending === "" ? [stem] : [stem, stem + ending]) {
      if (isRotatedNameOf(before, name)) names.push(join(folder, before));
    }
  }
  return names;
};
