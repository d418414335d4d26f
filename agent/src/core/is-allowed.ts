import { accessSync } from "node:fs";

/** Whether this process may use the path so (constants R_OK, W_OK, X_OK); false when it is not there. */
export const isAllowed = (path: string, mode: number): boolean => {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
};
