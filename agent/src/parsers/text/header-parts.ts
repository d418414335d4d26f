/** The parts of a header that text/header.ts knows. Patterns are sticky: they match at one place. */

import { MASK_LABELS } from "../../mask/index.ts";

export const LABELS: ReadonlySet<string> = new Set(Object.values(MASK_LABELS));

/** A header has no more parts. */
export const MAX_PARTS = 16;
export const MAX_GROUP = 256;

export const SEPARATORS = /(?:(?<=[\d\]]\s+)\d+(?:\.\d+)?%(?=\s)|[\s|,;]|-+(?=[\s[(]|$)|::?(?=[\s[(A-Z]|$)|>(?= ))+/y;
export const LEVEL_WORD = /([A-Za-z]{3,13}(?:\d(?!\d))?)(?=$|[\s\]|:,;()/[-]|\d+\[)/y;
export const LEVEL_LETTER = /([VTDIWECFA])(?=[\s,/|:])/y;
/** ESX: `In(14)`. */
export const LEVEL_PAIR = /(Em|Al|Cr|Er|Wa|No|In|Db)\((\d{1,3})\)(?:\[[+-]\])?/y;
export const PAIR_SEVERITIES: Readonly<Record<string, string>> = { Em: "emerg", Al: "alert", Cr: "crit", Er: "error", Wa: "warning", No: "notice", In: "info", Db: "debug" };
export const NUMBER = /#?(\d{1,10})(?=\[|\s+(?:---|[[(]|\d{1,3}\.\d|[A-Z]{3,8}\b|\d+\s|[VDIWEF]\s|TID-)|:\s+(?:debug|info|warning|error)\s:|\||\]|\s+-\s+\d)/y;
/** Behind a level a number is most often the message's first word. */
export const NUMBER_AFTER_LEVEL = /#?(\d{1,10})(?=\[|\s+(?:---|\[)|\||\])/y;
export const PROCESS = /([A-Za-z_][\w./-]{0,60})\[(\d{1,10})(?::([\w.#-]{1,64}))?\](?::(?=\s|$)|(?=\s)|\.(?=[A-Z]{3}\b)|:?$)/y;
const SOURCE = /((?:\.{3}|\/)?[\w./-]*\w\.(?:go|c|cc|cpp|cxx|h|hpp|rs|py|js|ts|mjs|java|kt|rb|php|cs|scala|swift|lua|pl|ex|erl|m))(?::|\()(\d{1,7})\)?(?::(\w+)\(\)|\((\w+)\))?:?(?=[\s\])]|$)/y;
/** A name with dots (or the like) in it, as loggers and modules have. */
export const DOTTED = /([A-Za-z_#@~][\w$@~#-]*(?:(?:\.|::|\/|\\)[\w$@~#-]+)+)(?=\s*(?::(?!:)|-\s|\s-|[[(|]|\s|$))/y;
export const PLAIN_NAME = /([A-Za-z_][\w$-]{1,40})(?=:\s|\s+-\s|\s\[)/y;
/** A cell of a layout with bars: `INFO | jvm 1 | ...`. */
/** A daemon's name behind a time, when no level comes: not a word of a sentence. */
export const DAEMON = /((?=[\w-]*[\d-])[A-Za-z][\w-]{1,40})(?=: | JobId \d+: )/y;
/** A module's name right before the time. */
export const BEFORE_TIME = /([A-Za-z][\w.-]{1,40}):(?=\d)/y;
export const CELL = /([A-Za-z_][\w$. -]{0,40}?)(?=\s*\|)/y;
/** A thread's short name before `file.c:12`. */
export const BEFORE_SOURCE = /(\w{1,24})(?= [\w./-]+\.\w{1,4}:\d+\b)/y;
export const BEFORE_LEVEL = /([\w.:#/-]{1,64})(?=\s+(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|SEVERE)\s)/y;
/** Odoo's database before the logger. */
export const BEFORE_DOTTED = /([\w?-]{1,40})(?= [A-Za-z_]\w*(?:\.\w+){2,}: )/y;
/** A host's name before `process[1]`. */
export const BEFORE_PROCESS = /([\w.-]{1,64})(?= [\w./-]+\[\d{1,10}\][: ])/y;
/** Sidekiq and others: pairs before the level. */
export const PAIRS_BEFORE_LEVEL = /((?:[A-Za-z_][\w.-]*=[^\s=]+ +){1,8})(?=(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL):)/y;
/** Heroku and others: `app[web.1]: `. */
export const INSTANCE = /([A-Za-z_][\w-]{0,40})\[([\w.-]{1,40})\]:(?=\s)/y;
/** Loguru: `module:function:line - `. */
const MODULE_FUNCTION = /([A-Za-z_][\w.]*):([\w<>.]+):(\d{1,6})(?= - )/y;
/** log4j's `%c:%L - %m`. */
const LOGGER_LINE = /([A-Za-z_$][\w$]*(?:\.[\w$]+)+):(\d{1,6})(?= - )/y;
/** libvirt: `function:line : `. */
const FUNCTION_LINE = /([A-Za-z_]\w*):(\d{1,6})(?= : )/y;
/** logrus: seconds since the program's start. */
export const ELAPSED = /\[(\d{4,8})\](?=\s)/y;
/** `Shop.java | 806 |` */
const SOURCE_CELLS = /([\w./-]+\.(?:java|kt|cs|py|go|rb|php|cpp|cc|c)) \| (\d{1,6})(?= \|)/y;
/** Sling's `*INFO*`; Telegraf's `I! `. */
export const STARRED_LEVEL = /\*([A-Z]{4,5})\*(?=\s)|([DIWE])!(?=\s)/y;
/** log4j's TTCCLayout: ms since the start, thread, level. */
export const UPTIME_MS = /(\d{1,10})(?=\s+\[[^\]]{1,64}\]\s+(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\s)/y;
/** Zabbix: the process before the time. */
export const BEFORE_COMPACT_TIME = /(\d{1,10}):(?=\d{8}:\d{6}\.\d{3}\s)/y;
/** stunnel: `LOG5[thread]: `, graded like syslog. */
export const GRADED = /LOG([0-7])\[(\d{1,20})\](?=:\s)/y;
/** Ceph: thread and grade, -1 for errors, 0 to 20 the more detailed the higher. */
export const CEPH = /([\da-f]{12,16})\s+(-?\d{1,2})(?=\s)/y;
export const TAB_CELL = /([A-Za-z_][\w./-]{0,80})(?=\t)/y;
/** bunyan's command: `name/pid on host: `, with a component or a source in between. */
export const BUNYAN = /([\w.-]{1,64})\/(\d{1,10}) on ([\w.-]{1,255})(?: \([^)]{1,128}\))?:(?=\s)/y;
/** lager: `<0.1.0>@module:function:line `. */
export const ERLANG_PLACE = /@([a-z]\w*):([\w/]+):(\d{1,6})(?=\s)/y;
/** Sidekiq before version 6: `TID-a Class JID-b INFO: `. */
export const SIDEKIQ = /TID-(\w{1,32})(?: ([A-Z][\w:]*))?(?: JID-(\w{1,32}))?(?: BID-([\w-]{1,32}))?(?= [A-Z]{4,5}: )/y;
export const MODULE_LEVEL = /^([\w.-]*):([a-z]+\d?)$/i;
/** `[pid 9:tid 7]` */
export const PID_TID = /^pid:? (\d+)(?::tid (\d+))?$/;
export const THREAD = /thread|exec|worker|pool|^main$|^qtp|scheduler|executor|daemon|^nio|^http-|^tid/i;
export const ANSI = /(?:\u001b|\\x1b|\\u001b|\\033|#033)\[[\d;]*m|\\x1b$/gi;

export const NAMES_IN_BRACKETS = new Map([["name", "user.name"], ["oip", "client.address"], ["ip", "client.address"], ["ua", "user_agent.original"]]);

/** Where in a program's source a line was written, and the names of the groups. */
export const PLACES: readonly (readonly [RegExp, readonly string[]])[] = [
  [SOURCE, ["code.file.path", "code.line.number", "code.function.name", "code.function.name"]],
  [SOURCE_CELLS, ["code.file.path", "code.line.number"]],
  [MODULE_FUNCTION, ["logger", "code.function.name", "code.line.number"]],
  [LOGGER_LINE, ["logger", "code.line.number"]],
  [FUNCTION_LINE, ["code.function.name", "code.line.number"]],
];
/** The first stands anywhere, those behind it in layouts with bars, the last ones behind a time. */
export const PLACES_ANYWHERE = PLACES.slice(0, 1);
export const PLACES_AFTER_TIME = [PLACES[0]!, ...PLACES.slice(-2)];
