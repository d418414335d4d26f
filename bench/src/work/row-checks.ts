/** What the rows that arrived must hold: counted by the generator of a work, and again on decoded bodies. */

import { isDeepStrictEqual } from "node:util";
import { ACCESS_LOG_START_MS } from "./access-log.ts";
import type { SensitiveCounts } from "./application-log.ts";

/** Columns of one block by name, see `decodeNative`. */
export type Columns = Readonly<Record<string, readonly unknown[]>>;

export interface RowCheck {
  /** Takes the rows of one block. */
  look(rows: number, columns: Columns): void;
  /** For the tool's result. */
  figures(): Record<string, unknown>;
  /** True when the rows hold exactly what the generator put into the lines. */
  holds(): boolean;
}

const LABELS: Readonly<Record<keyof SensitiveCounts, string>> = { email: "[EMAIL]", card: "[CARD]", ssn: "[SSN]", key: "[KEY]" };

/** The shapes that the work's generator writes, as the bench kit's check.py looks for them. */
const LEFT: Readonly<Record<keyof SensitiveCounts, RegExp>> = {
  email: /[\w.+-]+@[\w-]+\.[\w.-]+/,
  card: /card \d{4}-?\d{4}-?\d{4}-?\d{4}/,
  ssn: /\bssn \d{3}-\d{2}-\d{4}\b/,
  key: /sk_live_\w+/,
};

const DETECTORS = Object.keys(LABELS) as (keyof SensitiveCounts)[];

const noCounts = (): SensitiveCounts => ({ email: 0, card: 0, ssn: 0, key: 0 });

/** Everything that the generator hid was masked, and nothing else was taken for it. */
export class MaskCheck implements RowCheck {
  /** Labels that masking left in messages. */
  readonly masked = noCounts();
  /** Values that masking should have found in messages. */
  readonly unmasked = noCounts();
  readonly #sensitive: SensitiveCounts;

  constructor(sensitive: SensitiveCounts) {
    this.#sensitive = sensitive;
  }

  look(rows: number, columns: Columns): void {
    const messages = columns["message"] as readonly string[];
    if (messages.length !== rows) throw new Error(`a block of ${rows} rows has ${messages.length} messages`);
    for (const message of messages)
      for (const detector of DETECTORS) {
        if (message.includes(LABELS[detector])) this.masked[detector]++;
        if (LEFT[detector].test(message)) this.unmasked[detector]++;
      }
  }

  figures(): Record<string, unknown> {
    return { sensitive: this.#sensitive, masked: this.masked, unmasked: this.unmasked };
  }

  holds(): boolean {
    return isDeepStrictEqual(this.masked, this.#sensitive) && Object.values(this.unmasked).every((count) => count === 0);
  }
}

/** Sums and counts over the lines of an access log: equal on both sides only when every line was parsed. */
export interface AccessCounts {
  /** Lines by request method and by status. */
  readonly methods: Record<string, number>;
  readonly statuses: Record<string, number>;
  bodyBytes: number;
  /** Lines that name a user. */
  users: number;
  /** Sum of timestamps, in seconds since the log's first. */
  seconds: number;
}

export class AccessCheck implements RowCheck {
  readonly parsed: AccessCounts = { methods: {}, statuses: {}, bodyBytes: 0, users: 0, seconds: 0 };
  readonly #written: AccessCounts;

  constructor(written: AccessCounts) {
    this.#written = written;
  }

  look(rows: number, columns: Columns): void {
    const attributes = columns["attributes"] as readonly Readonly<Record<string, string>>[];
    const timestamps = columns["timestamp"] as readonly bigint[];
    for (let row = 0; row < rows; row++) this.#lookAt(attributes[row]!, timestamps[row]!);
  }

  figures(): Record<string, unknown> {
    return { written: this.#written, parsed: this.parsed };
  }

  holds(): boolean {
    return isDeepStrictEqual(this.parsed, this.#written);
  }

  #lookAt(attributes: Readonly<Record<string, string>>, timestampNs: bigint): void {
    const { parsed } = this;
    const method = attributes["http.request.method"] ?? "";
    const status = attributes["http.response.status_code"] ?? "";
    parsed.methods[method] = (parsed.methods[method] ?? 0) + 1;
    parsed.statuses[status] = (parsed.statuses[status] ?? 0) + 1;
    parsed.bodyBytes += Number(attributes["http.response.body.size"] ?? 0);
    if ((attributes["user.name"] ?? "-") !== "-") parsed.users++;
    parsed.seconds += Number(timestampNs / 1_000_000n - BigInt(ACCESS_LOG_START_MS)) / 1000;
  }
}
