/** /proc/net/dev: proc_pid_net(5). Eight receive columns, then eight transmit columns. */

import { numberColumns } from "./columns.ts";
import { reading, type Reading } from "./metrics.ts";

/** The loopback, and one end of every container's pair, whose traffic another interface has too. */
const LEFT_OUT = /^(lo|veth.*)$/;

export const networkReadings = (dev: string): Reading[] =>
  dev.split("\n").flatMap((line) => {
    const [, device, columns] = /^ *([^:|]+): *(.+)$/.exec(line) ?? [];
    const values = columns && numberColumns(columns);
    if (!device || !values || LEFT_OUT.test(device)) return [];
    const [received = 0, receivedPackets = 0, receiveErrors = 0, receiveDropped = 0] = values;
    const [sent = 0, sentPackets = 0, sendErrors = 0, sendDropped = 0] = values.slice(8);
    if (receivedPackets + sentPackets === 0) return [];
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
