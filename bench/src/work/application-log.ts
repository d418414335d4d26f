/**
 * The application log of works w1 and w2: line for line what the bench kit's gen_app.py writes, so
 * that figures compare with those of other agents over the very same bytes. The order of the draws
 * is the contract: every draw below stands where Python evaluates it.
 */

import { PythonRandom } from "./python-random.ts";

const SEED = 20240607;
const LINES_PER_SECOND = 900;
const START_MS = Date.UTC(2024, 5, 7, 10, 0, 0);

const NAMES = [
  "auth", "billing", "cart", "catalog", "checkout", "email", "export", "feed", "gateway", "geo", "identity", "images", "inventory",
  "invoice", "ledger", "mailer", "media", "notify", "orders", "payments", "pricing", "profile", "promo", "queue", "ratings",
];
const SERVICES = NAMES.flatMap((name) => [`${name}-api`, `${name}-worker`]);
const ENDPOINTS: readonly (readonly [before: string, after: string])[] = [
  ["/v1/orders/", ""], ["/v1/users/", "/profile"], ["/v2/cart/", "/items"], ["/v1/search?q=item", ""],
  ["/healthz?n=", ""], ["/v1/payments/", "/capture"], ["/v1/sessions/", ""], ["/v3/catalog/sku-", ""],
];
const METHODS = ["GET", "GET", "GET", "GET", "GET", "GET", "POST", "POST", "POST", "PUT", "DELETE"];
const STATUSES = [200, 200, 200, 200, 201, 204, 304, 404, 400, 500];
const TAGS = ['"prod","eu-west-1"', '"prod","us-east-1","canary"', '"prod","us-east-1"', '"staging"', '"prod","ap-south-1","batch"'];
const FIRST_NAMES = ["anna", "bjorn", "carla", "dmitri", "eva", "farid", "grace", "hiro", "ines", "jonas", "kate", "liam"];
const LAST_NAMES = ["smith", "garcia", "mueller", "ivanov", "tanaka", "okafor", "rossi", "dubois", "larsen", "novak"];
const DOMAINS = ["example.com", "mail.example.org", "corp.example.net"];
const DEVICES = ["iPhone 15", "Pixel 8", "Chrome/126 on Linux", "Firefox/127"];
const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** How many messages carry a value that must be masked, by detector. */
export interface SensitiveCounts {
  email: number;
  card: number;
  ssn: number;
  key: number;
}

const padded = (value: number, width: number): string => String(value).padStart(width, "0");

/** What `timedelta(seconds=t)` followed by isoformat's cut to milliseconds makes of `t`, in ms. */
const elapsedMs = (seconds: number): number => {
  const whole = Math.trunc(seconds);
  const micros = (seconds - whole) * 1e6;
  const wholeMicros = Math.trunc(micros);
  const rest = micros - wholeMicros;
  // timedelta rounds half to even; whole seconds are an even number of microseconds.
  const up = rest > 0.5 || (rest === 0.5 && wholeMicros % 2 === 1) ? 1 : 0;
  return whole * 1000 + Math.floor((wholeMicros + up) / 1000);
};

export class ApplicationLog {
  readonly sensitive: SensitiveCounts = { email: 0, card: 0, ssn: 0, key: 0 };
  /** Lines of level DEBUG so far. */
  debugLines = 0;
  readonly #random = new PythonRandom(SEED);
  readonly #hosts: readonly string[];
  #seconds = 0;

  constructor() {
    this.#hosts = Array.from({ length: 120 }, () => `ip-10-${this.#below(4)}-${this.#below(256)}-${this.#below(256)}.ec2.internal`);
  }

  /** The next line, ending in a line feed. ASCII: its length is its size in bytes. */
  nextLine(): string {
    const random = this.#random;
    this.#seconds += random.exponential(LINES_PER_SECOND);
    const share = random.random();
    const level = share < 0.3 ? "DEBUG" : share < 0.9 ? "INFO" : share < 0.97 ? "WARN" : "ERROR";
    if (share < 0.3) this.debugLines++;
    const message = this.#message() + this.#sensitiveSuffix();
    const timestamp = new Date(START_MS + elapsedMs(this.#seconds)).toISOString();
    const status = this.#pick(STATUSES);
    return (
      `{"timestamp":"${timestamp}","level":"${level}","service":"${this.#pick(SERVICES)}","host":"${this.#pick(this.#hosts)}",` +
      `"trace_id":"${random.hex(32)}","span_id":"${random.hex(16)}","user_id":${this.#below(5e6)},"message":"${message}",` +
      `"context":{"endpoint":"${this.#endpoint()}","method":"${this.#pick(METHODS)}","status":${status},` +
      `"duration_ms":${this.#below(1200)}.${padded(this.#below(100), 2)}},"tags":[${this.#pick(TAGS)}]}\n`
    );
  }

  #below(stop: number): number {
    return this.#random.below(stop);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.below(items.length)]!;
  }

  #endpoint(): string {
    const [before, after] = this.#pick(ENDPOINTS);
    return `${before}${this.#below(1e6)}${after}`;
  }

  #message(): string {
    const below = (stop: number): number => this.#random.below(stop);
    switch (below(8)) {
      case 0:
        return `request completed in ${below(900)} ms after ${below(6)} upstream calls, cache ${this.#pick(["hit", "miss"])}`;
      case 1:
        return `order ${below(1e7)} moved from state PENDING to state CONFIRMED by scheduler tick ${below(1e5)}`;
      case 2:
        return `connection pool stats: active=${below(64)} idle=${below(64)} waiting=${below(9)} max=64`;
      case 3:
        return `retrying call to ${this.#pick(SERVICES)} attempt ${1 + below(5)} of 5, backoff ${50 << below(6)} ms`;
      case 4:
        return `published ${1 + below(500)} events to topic ${this.#pick(NAMES)}.v1 partition ${below(24)} offset ${below(1e9)}`;
      case 5:
        return `query SELECT id, status FROM ${this.#pick(NAMES)} WHERE id = $1 took ${below(90)}.${padded(below(1000), 3)} ms, ${below(200)} rows`;
      case 6:
        return `user session refreshed, ttl ${below(86400)} s, device \\"${this.#pick(DEVICES)}\\"`;
      default:
        return (
          `upstream ${this.#pick(SERVICES)} answered 50${below(5)}: connection reset by peer ` +
          `(10.${below(256)}.${below(256)}.${below(256)}:${1024 + below(60000)})`
        );
    }
  }

  #sensitiveSuffix(): string {
    const share = this.#random.random();
    if (share < 0.01) {
      this.sensitive.email++;
      return ` for ${this.#pick(FIRST_NAMES)}.${this.#pick(LAST_NAMES)}${this.#below(100)}@${this.#pick(DOMAINS)}`;
    }
    if (share < 0.013) {
      this.sensitive.card++;
      return ` card ${this.#cardNumber()} declined`;
    }
    if (share < 0.016) {
      this.sensitive.ssn++;
      return ` ssn ${padded(1 + this.#below(664), 3)}-${padded(1 + this.#below(99), 2)}-${padded(1 + this.#below(9999), 4)} on file`;
    }
    if (share < 0.018) {
      this.sensitive.key++;
      return ` key sk_live_${Array.from({ length: 32 }, () => ALPHANUMERIC[this.#below(62)]).join("")}`;
    }
    return "";
  }

  /** Sixteen digits with a valid Luhn digit, half of them in groups of four. */
  #cardNumber(): string {
    const digits = [4, ...Array.from({ length: 14 }, () => this.#below(10))];
    const sum = digits
      .toReversed()
      .map((digit, i) => (i % 2 === 1 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit))
      .reduce((total, digit) => total + digit, 0);
    const text = [...digits, (10 - (sum % 10)) % 10].join("");
    return this.#random.random() < 0.5 ? text : text.match(/.{4}/g)!.join("-");
  }
}
