/** The signs and words by which text/facts.ts knows named values. Patterns are sticky: they match at one place. */

import { MASK_LABELS } from "../../mask/index.ts";

export const LABELS: ReadonlySet<string> = new Set(Object.values(MASK_LABELS));

/** Of one message; what comes later stays in the text alone. */
export const MAX_FACTS = 48;
export const MAX_VALUE = 1024;
/** Longer messages are texts of another kind (dumps, documents): only their beginning is looked at. */
export const MAX_SEARCHED = 4096;

export const IPV4 = String.raw`(?:::ffff:)?(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d\.)`;
export const IPV6 = String.raw`(?=[\da-fA-F:.]*:[\da-fA-F:.]*:)(?:[\da-fA-F]{1,4}:|:)(?::|[\da-fA-F]{1,4}(?::|(?![\w:])))*(?:[\da-fA-F]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?:%\w+)?`;
export const ADDRESS = new RegExp(String.raw`(?:(?<v4>${IPV4})(?:[:#](?<p4>\d{1,5})(?![\w.]|:\S)|\.(?<pd>\d{1,5})(?= > |: )|\[(?<pc>\d{1,5})\])?|\[(?<vb>${IPV6}|${IPV4})\](?::(?<pb>\d{1,5})(?!\d))?|(?<v6>${IPV6})(?:#(?<p6>\d{1,5})\b|(?![\w:])))`, "y");
/** EUI-48 and EUI-64 (IEEE 802). */
export const HARDWARE = /[\da-f]{2}([:-])(?:[\da-f]{2}\1){4}[\da-f]{2}(?:\1[\da-f]{2}\1[\da-f]{2})?(?![\w:-])/iy;
/** Asterisk's security events: `IPV4/TCP/192.0.2.1/5060`. */
export const SLASHED_ADDRESS = /^IPV[46]\/(\w+)\/([\da-fA-F.:]+)\/(\d{1,5})$/;
/** A host's name in a sentence: with a dot, and no file's. */
export const HOST_NAME = /(?:[A-Za-z\d](?:[\w-]*[A-Za-z\d])?\.)+[A-Za-z]{2,24}(?![\w(:@/-]|\.\w)/y;
/** The same as a word of its own, in front of `:443`. */
export const HOST = /^(?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)+[a-z]{2,12}$/;
export const PORT = /\d{1,5}(?![\w.:-])/y;
export const BEFORE_REQUEST = /^(?:\S+ - )?([\w.@-]*[A-Za-z][\w.@-]*) $/;
export const FILE_ENDING = /\.(?:go|c|cc|cpp|h|rs|py|js|ts|java|kt|rb|php|cs|lua|pl|log|conf|cfg|yaml|yml|json|xml|txt|gz|zip|tar|sh|so|db|sql|service|socket|html?|css|tmp|pid|lock)$/i;
export const NUMBER_OF = /^(\d+(?:\.\d+)?) (?:by|of|for|from|in|at|on|to|with|and)\b/;
/** Sentences about who may come in: what they say `for` or `as` is a user. */
export const ABOUT_ACCESS = /\b(?:auth|log(?:in|on|ged)\b|password|credential|sign(?:ed)?[- ]?in|sso\b|session|access (?:denied|granted))/i;
export const ADDRESS_LIST = /^[\d.]{7,15}(?:, *[\d.]{7,15}){1,7}$|^[\da-fA-F:.]{3,45}(?:, *[\da-fA-F:.]{3,45}){1,7}$/;
/** RFC 9110, section 10.1.5: a product with a version, and a comment. */
const AGENT = /^[A-Za-z][\w.-]{1,40}\/\d[\w.]* \(.*\)/;
export const isAgent = (text: string): boolean => text.includes(" (") && AGENT.test(text);
/** `5,228,777` */
export const GROUPED_NUMBER = /\d{1,3}(?:,\d{3})+(?![\w,])/y;
export const PORT_WORD = /,? port[ =:]{1,2}(\d{1,5})\b/iy;
export const URL_TEXT = /[a-z][a-z\d+.-]{1,15}:\/\/[^\s"'<>()[\]{},|]+/y;
/** Keys whose bare value may have blanks: up to the next key or the end. */
export const FREE_TEXT_KEYS = new Set(["msg", "message", "reason", "error", "err"]);
export const UP_TO_NEXT_PAIR = /[^\s"'=][^="']*?(?=[,;]?\s+[A-Za-z_][\w.-]*=|\s*$)/y;
export const METHOD = /(GET|POST|PUT|DELETE|HEAD|OPTIONS|PATCH|CONNECT|TRACE|PROPFIND|REPORT|PURGE) +"?((?:\/|[a-z]{2,5}:\/\/)[^\s"]*)"?(?: HTTP\/([\d.]+))?"?(?:(?: (?:-?\d+ )?|: | \(| responded | => | -> )([1-5]\d\d)(?=[\s)]|$))?/y;
export const PAIR_START = /[A-Za-z_][\w.-]*=/y;
/** `12.5 ms`, `3 seconds`: the number is named by its unit. */
export const SPACED_UNIT = / (ns|µs|us|ms|msecs?|millis(?:econds)?|s|secs?|seconds?|minutes?|hours?|bytes|B|KB|MB|GB|KiB|MiB|GiB|kB)\b/y;
export const UNIT_NAMES = new Map([
  ...["ns"].map((unit) => [unit, "duration_ns"] as const),
  ...["µs", "us"].map((unit) => [unit, "duration_us"] as const),
  ...["ms", "msec", "msecs", "millis", "milliseconds"].map((unit) => [unit, "duration_ms"] as const),
  ...["s", "sec", "secs", "second", "seconds"].map((unit) => [unit, "duration_s"] as const),
  ...["minute", "minutes"].map((unit) => [unit, "duration_min"] as const),
  ...["hour", "hours"].map((unit) => [unit, "duration_h"] as const),
  ["B", "size_bytes"],
  ...["bytes", "KB", "kB", "MB", "GB", "KiB", "MiB", "GiB"].map((unit) => [unit, `size_${unit === "KB" ? "kB" : unit}`] as const),
]);
export const UNIT_STARTS = new Set("nµumshbkMGKB");
export const TIME_UNIT = /^\d+(?:\.\d+)?(?:ns|µs|us|ms|s|sec)$/;
export const VERDICTS = new Set(["DROP", "REJECT", "ACCEPT", "DENY", "BLOCK", "ALLOW"]);
export const BARE_VALUE = /[^\s,;"'()[\]{}|]+/y;

/** Words whose next word names something, also without a quote or a sign between the two. */
export const NOUNS = new Map<string, string>([
  ...["user", "username", "logname", "ruser"].map((word) => [word, "user.name"] as const),
  ...["message", "request", "transaction", "order", "task", "process", "thread", "host", "server", "interface", "rule", "version", "offset", "epoch", "shard", "replica", "segment", "block", "slot", "group", "role", "session", "device", "volume", "port", "database", "table", "container", "pod", "node", "topic", "partition", "worker", "channel", "status", "pid", "uid", "jobid", "job", "len", "length", "size", "seq", "win", "line", "code", "id", "error", "sp", "ttl", "priority", "peer", "client", "proto"].map((word) => [word, word] as const),
]); // prettier-ignore
/** What stands after such a noun and is no name. */
export const NOT_A_NAME = new Set("a an and are as at authentication by could credentials does failed for from had has in invalid is logged logging login name not of on or session that the to unknown was were with account password agent id error did been be not- - connected attempt denied".split(" "));
/** Say nothing about what the quoted text behind them is. */
export const PREPOSITIONS = new Set(["for", "from", "to", "by", "with", "of", "in", "on", "as", "at", "via", "and", "or", "is", "was", "the", "a", "an", "that"]);
export const CLIENT_WORDS = new Set(["from", "client", "by", "rhost", "src", "source", "peer", "remote", "remote_ip", "ip", "rip"]);
export const SERVER_WORDS = new Set(["to", "->", "dst", "destination", "server", "local", "lip", "into"]);

/** What a word says about the next: the name of a value, or "" when that takes a closer look. */
export const KINDS = new Map<string, string>([...[...CLIENT_WORDS, ...SERVER_WORDS, "for", "as"].map((word) => [word, ""] as const), ...NOUNS]);

/** As written, but the usual words for one thing under one name. */
export const nameOf = (key: string): string => NAMES.get(key.toLowerCase()) ?? (key.startsWith("@") ? key.slice(1) : key);

export const NAMES = new Map<string, string>([
  ...["user", "username", "user_name", "login", "account", "suser", "logname"].map((word) => [word, "user.name"] as const),
  ...["rhost", "client_ip", "clientip", "remote_addr", "remote_ip", "source_ip", "src_ip", "src", "client", "rip"].map((word) => [word, "client.address"] as const),
  ...["dst", "dst_ip", "dest_ip", "lip"].map((word) => [word, "server.address"] as const),
  ...["spt", "src_port", "source_port", "sport"].map((word) => [word, "client.port"] as const),
  ...["dpt", "dst_port", "dest_port", "dport"].map((word) => [word, "server.port"] as const),
  ...["user_agent", "useragent"].map((word) => [word, "user_agent.original"] as const),
]);
