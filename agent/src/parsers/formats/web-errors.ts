/** Error logs of nginx and Apache. */

import { setAddress, setRequest } from "../text/http.ts";
import { severityOfText } from "../text/level.ts";
import { ParsedRecord, type LineParser } from "../text/record.ts";
import { readProgram } from "./programs/index.ts";
import { readFacts } from "../text/facts.ts";

const NGINX = /^(\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d(?:\.\d+)?) \[(\w+)\] (\d+)#(\d+): (?:\*(\d+) )?(.*)$/s;
/** What nginx appends: `, client: ..., server: ..., request: "...", host: "..."`. */
const NGINX_CONTEXT = /, (client|server|request|subrequest|upstream|host|referrer|bytes from\/to client|bytes from\/to upstream): ("(?:[^"\\]|\\.)*"|[^,"]*)/g;

export const nginxError: LineParser = {
  name: "nginx_error",
  description: "nginx's error log.",
  detect: (line) => /^\d{4}\/\d\d\/\d\d [\d:.]+ \[\w+\] \d+#/.test(line),
  parse(line, context) {
    const found = NGINX.exec(line);
    if (!found) return undefined;
    const [, time, level, pid, tid, connection, rest] = found;
    const record = new ParsedRecord();
    if (!record.readTime(context, time!)) return undefined;
    record.setSeverity(severityOfText(level!), level!);
    record.setAll({ "process.pid": pid, "thread.id": tid, "nginx.connection": connection });
    const first = rest!.search(/, client: /);
    record.message = first < 0 ? rest! : rest!.slice(0, first);
    for (const [, name, text] of first < 0 ? [] : rest!.slice(first).matchAll(NGINX_CONTEXT)) {
      const value = text!.replace(/^"|"$/g, "");
      if (name === "client") setAddress(record, "client", value);
      else if (name === "server") record.set("server.address", value);
      else if (name === "request") {
        setRequest(record, value);
        record.set("http.request.line", value);
      } else record.set(name === "referrer" ? "http.request.header.referer" : name === "host" ? "http.request.header.host" : name!, value);
    }
    readFacts(record, readProgram(record, "", record.message));
    return record;
  },
};

/** 2.4: [time] [module:level] [pid 1:tid 2] (errno)text: [client a:p] message; 2.2: [time] [level] [client a] message. */
const APACHE = /^\[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:.]+ \d{4})\] \[(?:([\w.-]*):)?(\w+)\] ?(?:\[pid (\d+)(?::tid (\d+))?\] ?)?(.*)$/s;
const CLIENT = /^(.*?)\[client ([^\]\s]+)\] ?/s;
const ERRNO = /^\((\d+)\)(.*?): ?$/s;
const SOURCE = /^([\w.-]+\.c\(\d+\)): ?$/;
const CODE = /^([A-Z]{2}\d{4,6}): /;

export const apacheError: LineParser = {
  name: "apache_error",
  description: "Apache's error log, 2.2 and 2.4.",
  detect: (line) => /^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d /.test(line),
  parse(line, context) {
    const found = APACHE.exec(line);
    if (!found) return undefined;
    const [, time, module, level, pid, tid, rest] = found;
    const record = new ParsedRecord();
    if (severityOfText(level!.replace(/\d$/, "")) === 0 || !record.readTime(context, time!)) return undefined;
    record.setSeverity(severityOfText(level!.replace(/\d$/, "")), level!);
    record.setAll({ logger: module === "" ? undefined : module, "process.pid": pid, "thread.id": tid });
    let message = rest!;
    const client = CLIENT.exec(message);
    if (client && client[1]!.length <= 256) {
      const before = client[1]!;
      const errno = ERRNO.exec(before);
      if (errno) record.setAll({ "error.code": errno[1], "error.message": errno[2] });
      const source = SOURCE.exec(before);
      if (source) record.set("code.file.path", source[1]);
      // Apache writes the port of an IPv6 client behind one more colon.
      setAddress(record, "client", client[2]!.replace(/^([\da-f:]*:[\da-f]*):(\d+)$/i, "[$1]:$2"));
      message = (errno || source ? "" : before) + message.slice(client[0].length);
    }
    const code = CODE.exec(message);
    if (code) record.set("apache.code", code[1]);
    const referer = /, referer: (\S+)$/.exec(message);
    if (referer) {
      record.set("http.request.header.referer", referer[1]);
      message = message.slice(0, referer.index);
    }
    record.message = message;
    const text = code ? message.slice(code[0].length) : message;
    // ModSecurity names the client once more.
    readFacts(record, readProgram(record, "", text.replace(/^\[client [^\]]+\] (?=ModSecurity)/, "")));
    return record;
  },
};
