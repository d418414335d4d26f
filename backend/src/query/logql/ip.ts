/** `ip("...")`: an address, a range of them, or a CIDR block, of IPv4 or IPv6. */

import { BlockList, isIP } from "node:net";

const familyOf = (address: string): "ipv4" | "ipv6" | undefined => ({ 4: "ipv4" as const, 6: "ipv6" as const })[isIP(address)];
/** What may be an address; whether it is one, `isIP` says. */
const CANDIDATE = /[0-9a-fA-F]*:[0-9a-fA-F:.]+|\d{1,3}(?:\.\d{1,3}){3}/g;

export class IpMatcher {
  readonly #list = new BlockList();

  /** Throws Error for what is none of the three. */
  constructor(pattern: string) {
    const fault = (): never => {
      throw new Error(`ip: invalid pattern: ${JSON.stringify(pattern)} is no address, no range such as 10.0.0.1-10.0.0.9, and no CIDR block such as 10.0.0.0/8`);
    };
    const [first = "", last, ...more] = pattern.split("-").map((part) => part.trim());
    const [network = "", prefix] = first.split("/");
    const family = familyOf(network) ?? fault();
    if (more.length > 0) fault();
    try {
      if (last !== undefined) this.#list.addRange(first, last, family);
      else if (prefix === undefined) this.#list.addAddress(first, family);
      else if (/^\d{1,3}$/.test(prefix) && first.split("/").length === 2) this.#list.addSubnet(network, Number(prefix), family);
      else fault();
    } catch {
      fault();
    }
  }

  /** Whether the text is an address that is meant. */
  matches(text: string): boolean {
    const family = familyOf(text);
    return family !== undefined && this.#list.check(text, family);
  }

  /** Whether one stands somewhere in the line. */
  isIn(line: string): boolean {
    for (const [candidate] of line.matchAll(CANDIDATE)) if (this.matches(candidate) || this.matches(candidate.replace(/[:.]+$/, ""))) return true;
    return false;
  }
}
