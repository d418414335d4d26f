/** What a page says about its metrics: type, unit and help of a sample's family. */

import type { MetricKind } from "@obs/wire";

export interface SampleMeta {
  readonly kind: MetricKind;
  readonly unit: string;
  readonly help: string;
}

interface Family {
  type: string;
  help: string;
  unit: string;
}

/** Endings of samples by the type of their family; the kind of such a sample. */
const ENDINGS: Readonly<Record<string, Readonly<Record<string, MetricKind>>>> = {
  counter: { "": "counter", _total: "counter", _created: "gauge" },
  histogram: { _bucket: "counter", _count: "counter", _sum: "counter", _created: "gauge" },
  gaugehistogram: { _bucket: "gauge", _gcount: "gauge", _gsum: "gauge" },
  summary: { "": "gauge", _count: "counter", _sum: "counter", _created: "gauge" },
  info: { "": "gauge", _info: "gauge" },
};

const ENDING = /_(?:total|bucket|count|sum|created|gcount|gsum|info)$/;

export class Families {
  readonly #families = new Map<string, Family>();

  set(what: "TYPE" | "HELP" | "UNIT", name: string, text: string): void {
    let family = this.#families.get(name);
    if (!family) this.#families.set(name, (family = { type: "unknown", help: "", unit: "" }));
    family[what.toLowerCase() as keyof Family] = what === "TYPE" ? text.toLowerCase() : text;
  }

  of(sample: string): SampleMeta {
    const ending = ENDING.exec(sample)?.[0] ?? "";
    const own = this.#families.get(sample);
    const family = own ?? this.#families.get(sample.slice(0, sample.length - ending.length));
    if (!family) return { kind: "gauge", unit: "", help: "" };
    const kind = ENDINGS[family.type]?.[own ? "" : ending] ?? "gauge";
    return { kind, unit: family.unit, help: family.help };
  }
}
