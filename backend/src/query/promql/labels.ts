/** Labels of a series: pairs in the order of their names. Values are never changed. */

export const METRIC_NAME = "__name__";

export type LabelPair = readonly [name: string, value: string];

const byName = ([one]: LabelPair, [other]: LabelPair): number => (one < other ? -1 : one > other ? 1 : 0);

export class Labels {
  readonly pairs: readonly LabelPair[];
  #key: string | undefined;

  /** `pairs` are in order, and without empty values. */
  private constructor(pairs: readonly LabelPair[]) {
    this.pairs = pairs;
  }

  static readonly EMPTY = new Labels([]);

  /** An empty value is the same as no label. */
  static of(pairs: Iterable<LabelPair>): Labels {
    return new Labels([...pairs].filter(([, value]) => value !== "").sort(byName));
  }

  static from(record: Readonly<Record<string, string>>): Labels {
    return Labels.of(Object.entries(record));
  }

  /** The same for the same labels, and for no others. */
  get key(): string {
    return (this.#key ??= this.pairs.map(([name, value]) => `${name}\u0000${value}`).join("\u0001"));
  }

  /** "" where there is no such label. */
  get(name: string): string {
    for (const [known, value] of this.pairs) if (known === name) return value;
    return "";
  }

  get metricName(): string {
    return this.get(METRIC_NAME);
  }

  set(name: string, value: string): Labels {
    const rest = this.pairs.filter(([known]) => known !== name);
    return value === "" ? new Labels(rest) : new Labels([...rest, [name, value] as const].sort(byName));
  }

  keep(names: ReadonlySet<string>): Labels {
    return new Labels(this.pairs.filter(([name]) => names.has(name)));
  }

  drop(names: ReadonlySet<string>): Labels {
    return new Labels(this.pairs.filter(([name]) => !names.has(name)));
  }

  withoutName(): Labels {
    return this.pairs.some(([name]) => name === METRIC_NAME) ? new Labels(this.pairs.filter(([name]) => name !== METRIC_NAME)) : this;
  }

  compare(other: Labels): number {
    for (let i = 0; i < Math.min(this.pairs.length, other.pairs.length); i++) {
      const [name, value] = this.pairs[i]!;
      const [otherName, otherValue] = other.pairs[i]!;
      if (name !== otherName) return name < otherName ? -1 : 1;
      if (value !== otherValue) return value < otherValue ? -1 : 1;
    }
    return this.pairs.length - other.pairs.length;
  }

  /** As Prometheus prints them in messages. */
  toString(): string {
    return `{${this.pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ")}}`;
  }

  toRecord(): Record<string, string> {
    return Object.fromEntries(this.pairs);
  }
}
