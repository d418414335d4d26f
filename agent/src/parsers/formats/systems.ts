/** Logs that a platform writes in a form of its own: Windows' events, macOS' unified log, pf's filterlog, java.util.logging. */

import { SEVERITY } from "@obs/wire";
import { ParsedRecord, type LineParser } from "../text/record.ts";
import { readException } from "../text/exception.ts";
import { patternParser } from "./pattern.ts";

/** https://learn.microsoft.com/windows/win32/wes/eventschema-systempropertiestype-complextype; 0 is "log always". */
const EVENT_LEVELS: Readonly<Record<string, number>> = { 0: SEVERITY.INFO, 1: SEVERITY.FATAL, 2: SEVERITY.ERROR, 3: SEVERITY.WARN, 4: SEVERITY.INFO, 5: SEVERITY.TRACE };
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
/** Elements of one event that are looked at. */
const MAX_ELEMENTS = 256;

const unescapeXml = (text: string): string =>
  text.includes("&") ? text.replace(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w{2,4}));/g, (all, decimal?: string, hex?: string, name?: string) => (name === undefined ? characterOf(Number.parseInt(decimal ?? hex!, decimal === undefined ? 16 : 10), all) : (ENTITIES[name] ?? all))) : text;

const characterOf = (code: number, otherwise: string): string => (code <= 0x10_ff_ff ? String.fromCodePoint(code) : otherwise);

/** An element with its attributes, and its text if it has no children. */
const ELEMENT = /<([A-Za-z]\w{0,63})((?:\s+[\w:]{1,64}=(?:"[^"]{0,4096}"|'[^']{0,4096}'))*)\s*(?:\/>|>([^<]*))/g;
const ATTRIBUTE = /([\w:]+)=(?:"([^"]*)"|'([^']*)')/g;

const readElement = (record: ParsedRecord, name: string, attributes: ReadonlyMap<string, string>, text: string): void => {
  if (name === "Data") {
    record.set(attributes.get("Name") ?? "Data", text);
    return;
  }
  for (const [attribute, value] of attributes) if (attribute !== "xmlns" && attribute !== "SystemTime") record.set(`${name}.${attribute}`, value);
  if (name === "Computer") record.host = text;
  else if (name === "Message") record.message = text;
  else if (name === "Level" && EVENT_LEVELS[text] !== undefined) record.setSeverity(EVENT_LEVELS[text], text);
  else if (text.trim() !== "" && name !== "Event" && name !== "System") record.set(name, text);
};

export const windowsEvent: LineParser = {
  name: "windows_event",
  description: "Windows' events as XML, rendered or not.",
  detect: (line) => /^\s*<Event[\s>]/.test(line) && line.includes("<System"),
  parse(line, context) {
    const record = new ParsedRecord();
    let count = 0;
    for (const [, name, rest, text] of line.matchAll(ELEMENT)) {
      if (++count > MAX_ELEMENTS) break;
      const attributes = new Map([...rest!.matchAll(ATTRIBUTE)].map(([, key, double, single]) => [key!, unescapeXml(double ?? single!)]));
      const time = name === "TimeCreated" ? attributes.get("SystemTime") : undefined;
      if (time !== undefined) record.readTime(context, time);
      readElement(record, name!, attributes, unescapeXml(text ?? ""));
    }
    const id = record.attributes.get("EventID");
    if (id === undefined) return undefined;
    record.service = record.attributes.get("Provider.Name") ?? "";
    if (record.message === "") record.message = `${record.service} ${id}`.trim();
    return record;
  },
};

/** log(1), the default style: time, thread, type, activity, process id, TTL, process, sender, subsystem and category. */
export const macos: LineParser = patternParser({
  name: "macos",
  description: "macOS' unified log as `log show` and `log stream` print it.",
  detect: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}[+-]\d{4} +0x[\da-f]+ /,
  patterns: [
    /^(?<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}[+-]\d{4}) +(?<thread_id>0x[\da-f]+) +(?<level>[A-Z][A-Za-z]+) +(?<macos_activity>0x[\da-f]+) +(?<process_pid>\d+) +(?<macos_ttl>\d+) +(?<process_executable_name>[^:]{1,128}): (?:\((?<macos_sender>[^)]*)\) )?(?:\[(?<macos_subsystem>[^:\]]*):(?<macos_category>[^\]]*)\] )?(?<message>.*)$/s,
  ],
  levels: { Default: SEVERITY.INFO, Fault: SEVERITY.FATAL, Activity: SEVERITY.INFO, State: SEVERITY.INFO, Signpost: SEVERITY.DEBUG },
});

/** https://docs.netgate.com/pfsense/en/latest/monitoring/logs/raw-filter-format.html; OPNsense has the same. */
const FILTER_FIELDS = ["rule.id", "pf.subrule", "pf.anchor", "pf.tracker", "network.interface.name", "pf.reason", "action", "network.direction", "network.ip_version"];
const FIELDS_V4 = ["ip.tos", "ip.ecn", "ip.ttl", "ip.id", "ip.offset", "ip.flags", "network.protocol.number", "network.transport", "network.bytes", "source.address", "destination.address"];
const FIELDS_V6 = ["ip.class", "ip.flow_label", "ip.hop_limit", "network.transport", "network.protocol.number", "network.bytes", "source.address", "destination.address"];
const FIELDS_OF_TRANSPORT: Readonly<Record<string, readonly string[]>> = {
  tcp: ["source.port", "destination.port", "network.payload.bytes", "tcp.flags", "tcp.sequence", "tcp.acknowledgement", "tcp.window", "tcp.urgent", "tcp.options"],
  udp: ["source.port", "destination.port", "network.payload.bytes"],
  icmp: ["icmp.type"],
};

export const filterlog: LineParser = {
  name: "filterlog",
  description: "Packets as pf's filterlog writes them: pfSense, OPNsense.",
  detect: (line) => /^\d*,\d*,[^,]*,[^,]*,[^,]+,[\w-]+,[a-z]+,(?:in|out),[46],/.test(line),
  parse(line) {
    const values = line.split(",", 64);
    const fields = [...FILTER_FIELDS, ...(values[8] === "6" ? FIELDS_V6 : FIELDS_V4)];
    if (values.length < fields.length) return undefined;
    const record = new ParsedRecord();
    const transport = values[fields.indexOf("network.transport")]!.toLowerCase();
    fields.push(...(FIELDS_OF_TRANSPORT[transport] ?? []));
    for (const [index, value] of values.entries()) if (value !== "") record.set(fields[index] ?? "pf.more", value);
    record.message = line;
    return record;
  },
};

/** java.util.logging.SimpleFormatter's default of two lines, which are one record. */
export const javaUtil: LineParser = patternParser({
  name: "java_util",
  description: "java.util.logging's default form of two lines.",
  detect: /^[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M \S+(?: \S+)?(?:\r?\n|$)/,
  patterns: [/^(?<time>[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M) (?<logger>\S+)(?: (?<code_function_name>\S+))?(?:\r?\n(?<level>[A-Z]{4,7}): (?<message>.*))?$/s],
  finish: (record, { logger }) => {
    if (record.message === "") record.message = logger!;
    readException(record, record.message);
    return true;
  },
});
