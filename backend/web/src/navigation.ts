/**
 * The address bar as state: pages read it with `useAddress` and change it with `navigate`, so that
 * back, forward and shared links work by themselves.
 */

import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
  };
};

/** `replace` is for changes that are not worth a step back, such as a selected row. */
export const navigate = (address: string, { replace = false } = {}): void => {
  if (address === window.location.pathname + window.location.search) return;
  window.history[replace ? "replaceState" : "pushState"](null, "", address);
  for (const listener of listeners) listener();
};

export interface Address {
  readonly path: string;
  readonly search: string;
}

/** Path and search of the address; the component renders again when they change. */
export const useAddress = (): Address => ({
  path: useSyncExternalStore(subscribe, () => window.location.pathname),
  search: useSyncExternalStore(subscribe, () => window.location.search),
});

/** Parameters that are undefined or empty are left out, so that addresses stay short. */
export const buildAddress = (path: string, parameters: Readonly<Record<string, string | undefined>>): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined && value !== "") search.set(name, value);
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
};
