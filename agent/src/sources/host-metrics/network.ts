/** /proc/net/dev: proc_pid_net(5). Eight receive columns, then eight transmit columns. */

import { numberColumns } from "./columns.ts";
import { reading, type Reading } from "./metrics.ts";

/** The loopback, and one end of every container's pair, whose traffic another interface has too. */
const LEFT_OUT = /^(lo|veth.*)$/;

/** Interfaces that were used, with their columns. */
export const parseInterfaces = (dev: string): { readonly device: string; readonly values: readonly number[] }[] =>
  dev.split("\n").flatMap((line) => {
    const [, device, columns] = /^ *([^:|]+): *(.+)$/.exec(line) ?? [];
    const values = columns && numberColumns(columns);
    if (!device || !values || LEFT_OUT.test(device)) return [];
    return (values[1] ?? 0) + (values[9] ?? 0) === 0 ? [] : [{ device, values }];
  });

export const networkReadings = (dev: string): Reading[] =>
  parseInterfaces(dev).flatMap(({ device, values }) => {
    const [received = 0, , receiveErrors = 0, receiveDropped = 0] = values;
    const [sent = 0, , sendErrors = 0, sendDropped = 0] = values.slice(8);
    const inward = { device, direction: "receive" };
    const outward = { device, direction: "transmit" };
    return [
      reading("system.network.io", received, inward),
      reading("system.network.io", sent, outward),
      reading("system.network.errors", receiveErrors, inward),
      reading("system.network.errors", sendErrors, outward),
      reading("system.network.dropped", receiveDropped, inward),
      reading("system.network.dropped", sendDropped, outward),
    ];
  });
