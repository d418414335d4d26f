/** Warnings and notes that go with an answer, with the place in the query that they are about. Texts are Prometheus'. */

import { positionOf, type Span } from "./syntax.ts";

export class Annotations {
  readonly #query: string;
  readonly #warnings = new Set<string>();
  readonly #infos = new Set<string>();

  constructor(query: string) {
    this.#query = query;
  }

  warn(message: string, at: Span): void {
    this.#warnings.add(`PromQL warning: ${message} (${positionOf(this.#query, at.from)})`);
  }

  info(message: string, at: Span): void {
    this.#infos.add(`PromQL info: ${message} (${positionOf(this.#query, at.from)})`);
  }

  get warnings(): string[] {
    return [...this.#warnings];
  }

  get infos(): string[] {
    return [...this.#infos];
  }
}

/** With the metric that it is about, where there is one. */
export const about = (message: string, metric: string): string => (metric === "" ? message : `${message} for metric name ${JSON.stringify(metric)}`);

export const MIXED = "encountered a mix of histograms and floats";
export const MIXED_SCHEMAS = "vector contains a mix of histograms with exponential and custom buckets schemas";
export const reconciled = (operation: string): string => `mismatched custom buckets were reconciled during ${operation}`;
export const hintsCollide = (operation: string): string => `conflicting counter resets during histogram ${operation}`;
