/**
 * What the kernel dropped because a UDP socket's receive buffer was full: the last column of
 * /proc/net/udp and udp6 (Linux, net/ipv4/udp.c). Elsewhere nothing can be told.
 */

import { readFile } from "node:fs/promises";

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, "0");

/** Drops of the socket bound to `port` in a table's text; undefined when it is not there. */
export const dropsOf = (table: string, port: number): number | undefined => {
  const ending = `:${hex(port, 4)}`;
  let drops: number | undefined;
  for (const line of table.split("\n").slice(1)) {
    const columns = line.trim().split(/\s+/);
    if (columns[1]?.endsWith(ending)) drops = (drops ?? 0) + Number(columns.at(-1));
  }
  return drops;
};

export const readKernelDrops = async (port: number, family: "udp4" | "udp6"): Promise<number | undefined> => {
  const table = await readFile(family === "udp6" ? "/proc/net/udp6" : "/proc/net/udp", "latin1").catch(() => undefined);
  return table === undefined ? undefined : dropsOf(table, port);
};
