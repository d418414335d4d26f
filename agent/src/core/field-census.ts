/**
 * Which fields the logs of each service have: how often, of which types, with an example. Told from
 * samples that blocks take when they are sealed (rows/sample-fields.ts), so after masking. Bounded: what
 * is beyond is counted, not kept.
 */

import type { SealedBatch } from "./contracts.ts";

export const FIELD_TYPES = ["string", "integer", "number", "boolean", "array", "object"] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

export interface SampledField {
  rows: number;
  readonly types: Partial<Record<FieldType, number>>;
  /** At most EXAMPLE_LENGTH characters of a value. */
  example: string;
}

/** What some rows of one batch have, by service and by name of the attribute. */
export interface FieldSample {
  readonly services: ReadonlyMap<string, { readonly rows: number; readonly fields: ReadonlyMap<string, SampledField> }>;
}

export const EXAMPLE_LENGTH = 80;
const MAX_SERVICES = 500;
const MAX_FIELDS = 500;

export interface FieldReport {
  /** ms since 1970: when the census began. */
  readonly since: number;
  readonly services: readonly {
    readonly service: string;
    /** Rows looked at: a sample of every batch. */
    readonly sampledRows: number;
    readonly lastSeen: number;
    /** Fields beyond the most that are kept, as often as they were seen. */
    readonly others: number;
    /** The most frequent first. */
    readonly fields: readonly { readonly name: string; readonly share: number; readonly types: Readonly<Partial<Record<FieldType, number>>>; readonly example: string; readonly firstSeen: number; readonly lastSeen: number }[];
  }[];
  /** Rows of services beyond the most that are kept. */
  readonly others: number;
}

interface KnownField {
  rows: number;
  readonly types: Partial<Record<FieldType, number>>;
  example: string;
  readonly firstSeen: number;
  lastSeen: number;
}

interface KnownService {
  rows: number;
  lastSeen: number;
  others: number;
  readonly fields: Map<string, KnownField>;
}

export class FieldCensus {
  readonly #services = new Map<string, KnownService>();
  readonly #nowMs: () => number;
  readonly #since: number;
  #others = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#since = nowMs();
  }

  see(batches: readonly Pick<SealedBatch, "fields">[]): void {
    for (const { fields } of batches) if (fields) this.#add(fields);
  }

  report(service?: string): FieldReport {
    const services = [...this.#services]
      .filter(([name]) => service === undefined || name === service)
      .map(([name, { rows, lastSeen, others, fields }]) => ({
        service: name, sampledRows: rows, lastSeen, others,
        fields: [...fields].map(([field, known]) => ({ name: field, share: known.rows / rows, types: known.types, example: known.example, firstSeen: known.firstSeen, lastSeen: known.lastSeen })).sort((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1)),
      })) // prettier-ignore
      .sort((a, b) => (a.service < b.service ? -1 : 1));
    return { since: this.#since, services, others: this.#others };
  }

  /** How many are kept, for the agent's own metrics. */
  get size(): { readonly services: number; readonly fields: number } {
    return { services: this.#services.size, fields: [...this.#services.values()].reduce((sum, { fields }) => sum + fields.size, 0) };
  }

  #add({ services }: FieldSample): void {
    const now = this.#nowMs();
    for (const [name, { rows, fields }] of services) {
      let known = this.#services.get(name);
      if (!known) {
        if (this.#services.size >= MAX_SERVICES) {
          this.#others += rows;
          continue;
        }
        this.#services.set(name, (known = { rows: 0, lastSeen: now, others: 0, fields: new Map() }));
      }
      known.rows += rows;
      known.lastSeen = now;
      for (const [field, seen] of fields) addField(known, field, seen, now);
    }
  }
}

const addField = (service: KnownService, name: string, { rows, types, example }: SampledField, now: number): void => {
  let known = service.fields.get(name);
  if (!known) {
    if (service.fields.size >= MAX_FIELDS) {
      service.others += rows;
      return;
    }
    service.fields.set(name, (known = { rows: 0, types: {}, example, firstSeen: now, lastSeen: now }));
  }
  known.rows += rows;
  known.lastSeen = now;
  // A value tells more than the empty one that came first.
  if (known.example === "") known.example = example;
  for (const type of FIELD_TYPES) if (types[type] !== undefined) known.types[type] = (known.types[type] ?? 0) + types[type];
};
