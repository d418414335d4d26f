/**
 * The access log of work w3: line for line what the bench kit's gen_nginx.py writes. The order of
 * the draws is the contract: every draw below stands where Python evaluates it.
 */

import { PythonRandom } from "./python-random.ts";
import type { AccessCounts } from "./row-checks.ts";

const SEED = 77;
const REQUESTS_PER_SECOND = 2000;
/** Timestamp of the first second, UTC. */
export const ACCESS_LOG_START_MS = Date.UTC(2024, 5, 7, 10, 0, 0);

const USER_AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
  "curl/8.5.0",
  "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
  "Googlebot/2.1 (+http://www.google.com/bot.html)",
  "okhttp/4.12.0",
];
/** `{6x}`: six hexadecimal digits; `{d}`: a decimal number. */
const PATHS = [
  "/", "/index.html", "/static/js/app.{6x}.js", "/static/css/main.{6x}.css", "/api/v1/products/{d}", "/api/v1/cart?session={d}",
  "/images/p/{d}.webp", "/login", "/search?q=shoes&page={d}", "/checkout/{d}/confirm",
];
const REFERERS = ["-", "-", "https://shop.example.com/", "https://www.google.com/", "https://shop.example.com/search?q=shoes&page={d}"];
const METHODS = ["GET", "GET", "GET", "POST", "HEAD"];
const STATUSES = ["200", "200", "200", "304", "404", "302", "500"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const padded = (value: number): string => String(value).padStart(2, "0");

/** As strftime's `%d/%b/%Y:%H:%M:%S` in UTC. */
const commonLogTime = (ms: number): string => {
  const at = new Date(ms);
  const day = `${padded(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}`;
  return `${day}:${padded(at.getUTCHours())}:${padded(at.getUTCMinutes())}:${padded(at.getUTCSeconds())}`;
};

export class AccessLog {
  /** What a parser must find in the lines so far. */
  readonly accesses: AccessCounts = { methods: {}, statuses: {}, bodyBytes: 0, users: 0, seconds: 0 };
  readonly #random = new PythonRandom(SEED);
  #seconds = 0;

  /** The next line, ending in a line feed. ASCII: its length is its size in bytes. */
  nextLine(): string {
    const below = (stop: number): number => this.#random.below(stop);
    const pick = (items: readonly string[]): string => items[below(items.length)]!;
    this.#seconds += this.#random.exponential(REQUESTS_PER_SECOND);
    const path = this.#filled(pick(PATHS), 1e6);
    const referer = this.#filled(pick(REFERERS), 50);
    const user = this.#random.random() < 0.95 ? "-" : `user${below(1000)}`;
    const address = `${1 + below(222)}.${below(256)}.${below(256)}.${1 + below(254)}`;
    const second = Math.trunc(this.#seconds);
    const time = commonLogTime(ACCESS_LOG_START_MS + second * 1000);
    const method = pick(METHODS);
    const status = pick(STATUSES);
    const bodyBytes = below(200000);
    this.#count(method, status, bodyBytes, user, second);
    return `${address} - ${user} [${time} +0000] "${method} ${path} HTTP/1.1" ${status} ${bodyBytes} "${referer}" "${pick(USER_AGENTS)}"\n`;
  }

  #filled(template: string, stop: number): string {
    if (!template.includes("{")) return template;
    const value = this.#random.below(stop);
    return template.replace("{6x}", () => value.toString(16).padStart(6, "0")).replace("{d}", () => String(value));
  }

  #count(method: string, status: string, bodyBytes: number, user: string, second: number): void {
    const { accesses } = this;
    accesses.methods[method] = (accesses.methods[method] ?? 0) + 1;
    accesses.statuses[status] = (accesses.statuses[status] ?? 0) + 1;
    accesses.bodyBytes += bodyBytes;
    if (user !== "-") accesses.users++;
    accesses.seconds += second;
  }
}
