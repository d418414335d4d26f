/** Addresses of senders. */

/** Without the mapping of IPv4 addresses on an IPv6 socket. */
export const plainAddress = (address: string): string => (address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address);

const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1" || address === "";

/** Host of a record that names none: this one for local senders. */
export const hostOfPeer = (address: string, thisHost: string): string => (isLoopback(address) ? thisHost : address);
