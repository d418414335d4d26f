/** Loads the modules that a configuration names: parsers, transforms and sources of the user's. */

import { loadCustomParser } from "../core/custom-parser.ts";
import { loadCustomSource, type CustomSource } from "../core/custom-source.ts";
import { loadCustomTransform, type CustomTransform } from "../core/custom-transform.ts";
import type { ConfigError } from "./load.ts";
import type { ConfigFile } from "./schema.ts";

/** Paths of the modules that a configuration names; packages do not change by themselves. */
export const modulesOf = ({ files, plugins }: { readonly files: ConfigFile["files"]; readonly plugins: readonly PluginConfig[] }): string[] =>
  [
    ...files.flatMap(({ parser }) => [parser?.custom?.file ?? "", ...(parser?.transforms ?? []).map(({ module }) => module)]),
    ...plugins.flatMap(({ module, transforms }) => [module, ...transforms.map((transform) => transform.module)]),
  ].filter((name) => /[/.]/.test(name));

type NamedTransforms = ConfigFile["plugins"][number]["transforms"];

export interface PluginConfig extends Omit<ConfigFile["plugins"][number], "transforms"> {
  readonly source: CustomSource;
  readonly transforms: readonly CustomTransform[];
}

const load = async <Loaded>(module: string, path: string, errors: ConfigError[], loading: Promise<Loaded>): Promise<Loaded | undefined> => {
  try {
    return await loading;
  } catch (error) {
    errors.push({ where: module, path, message: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
};

const loadTransforms = async (transforms: NamedTransforms, at: string, errors: ConfigError[]): Promise<CustomTransform[]> => {
  const loaded = await Promise.all(transforms.map(({ module, options }, index) => load(module, `${at}.transforms.${index}`, errors, loadCustomTransform(module, options))));
  return loaded.filter((transform) => transform !== undefined);
};

/** The groups, with their parsers and transforms loaded. What is wrong goes to `errors`. */
export const withCustomParsers = (groups: ConfigFile["files"], errors: ConfigError[]): Promise<ConfigFile["files"]> =>
  Promise.all(
    groups.map(async (group, index) => {
      const { parser, transforms: named } = group;
      const transforms = await loadTransforms(named, `files.${index}`, errors);
      const custom = parser?.type === "custom" && parser.file !== undefined ? await load(parser.file, `files.${index}.parser.file`, errors, loadCustomParser(parser.file)) : undefined;
      if (!custom && transforms.length === 0) return group;
      return { ...group, parser: { type: "auto" as const, ...parser, ...(custom && { custom }), ...(transforms.length > 0 && { transforms }) } };
    }),
  );

export const loadPlugins = async (plugins: ConfigFile["plugins"], errors: ConfigError[]): Promise<PluginConfig[]> => {
  const loaded = await Promise.all(
    plugins.map(async (plugin, index) => {
      const source = await load(plugin.module, `plugins.${index}`, errors, loadCustomSource(plugin.module, plugin.options));
      const transforms = await loadTransforms(plugin.transforms, `plugins.${index}`, errors);
      return source && { ...plugin, source, transforms };
    }),
  );
  return loaded.filter((plugin) => plugin !== undefined);
};
