/** A user's own source: a module whose default export reads from wherever it likes. */

import type { SourcePlugin } from "../plugin.ts";
import { loadTrustedModule } from "./trusted-module.ts";

export interface CustomSource {
  /** Changes when its file does. */
  readonly version: string;
  readonly plugin: SourcePlugin;
  /** As the plugin has read them. */
  readonly options: unknown;
}

/** Throws Error that says what is wrong with the module or its options, and what to do. */
export const loadCustomSource = async (module: string, options: unknown): Promise<CustomSource> => {
  const { exported, version } = await loadTrustedModule(module);
  const plugin = exported as Partial<SourcePlugin> | null | undefined;
  if (typeof plugin !== "object" || plugin === null || typeof plugin.run !== "function") throw new Error("its default export must be a source: an object with a function `run`");
  return { version, plugin: plugin as SourcePlugin, options: plugin.parseOptions ? plugin.parseOptions(options) : options };
};
