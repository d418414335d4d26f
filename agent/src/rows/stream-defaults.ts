/** What every row of a stream has unless the line says otherwise, as ids of a block's dictionaries. */

import type { LineStream } from "../core/contracts.ts";
import type { LogColumns } from "./columns.ts";
import type { RowDefaults } from "./contracts.ts";

export interface Resource {
  readonly service: string;
  readonly host: string;
  readonly environment: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export class StreamDefaults {
  readonly #columns: LogColumns;
  #cache = new WeakMap<LineStream, RowDefaults>();
  /** Names of all stream attributes that were seen; a line's own attribute must not pass for one. */
  readonly #reserved = new Set<string>();

  constructor(columns: LogColumns) {
    this.#columns = columns;
  }

  isReserved(name: string): boolean {
    return this.#reserved.has(name);
  }

  /** The defaults, whether they bring new names of attributes; undefined when a dictionary is full. */
  of(stream: LineStream): { readonly defaults: RowDefaults; readonly newNames: boolean } | undefined {
    const cached = this.#cache.get(stream);
    if (cached) return { defaults: cached, newNames: false };
    const defaults = this.make(stream);
    if (!defaults) return undefined;
    this.#cache.set(stream, defaults);
    const before = this.#reserved.size;
    for (const { name } of defaults.attributes) this.#reserved.add(name);
    return { defaults, newNames: this.#reserved.size > before };
  }

  make({ service, host, environment, attributes }: Resource): RowDefaults | undefined {
    const columns = this.#columns;
    const defaults = {
      service: columns.services.idOfText(service, columns.scratch),
      host: columns.hosts.idOfText(host, columns.scratch),
      environment: columns.environments.idOfText(environment, columns.scratch),
      attributes: Object.entries(attributes).map(([name, text]) => ({ key: columns.keys.idOf(name), name, text })),
    };
    return Math.min(defaults.service, defaults.host, defaults.environment) < 0 ? undefined : defaults;
  }

  /** After the dictionaries were cleared. */
  clear(): void {
    this.#cache = new WeakMap();
  }
}
