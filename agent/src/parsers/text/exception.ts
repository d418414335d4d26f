/**
 * The exception that a record of several lines tells of, under OpenTelemetry's names (semantic
 * conventions, "Exceptions in logs"): the outermost one, as the runtime names it. The frames stay in
 * the message.
 */

import { SEVERITY } from "@obs/wire";
import type { ParsedRecord } from "./record.ts";

/** Lines from the start of a message among which its head is looked for. */
const MAX_HEAD_LINES = 8;
/** Longer first lines are dumps. */
const MAX_LINE = 4_096;

const TYPE = String.raw`[A-Za-z_][\w.$\\:]*?(?:Exception|Error|Throwable|Failure|Fault|Interrupt|Exit|Warning)`;
/** Java, .NET, JavaScript, PHP: a name and what it says; Ruby has the name behind it. */
const HEAD = new RegExp(String.raw`(?:^|[:.] |\bUncaught |[Ee]xception in thread "[^"]{1,128}" )(${TYPE})(?::? (?!at )(.*)| \[.*|:?)$`);
const RUBY = new RegExp(String.raw`: (.*) \((${TYPE})\)$`);
const FRAME = /^\s+(?:at |--> |from |- )|^#\d+ |^\s+\.\.\. \d+ more|^ ---> |^Stack trace:|^\tfrom |^\s*\^/;
const PYTHON_HEAD = "Traceback (most recent call last):";
const PYTHON = /^([A-Za-z_][\w.]*)(?:: (.*))?$/;
const PANIC = /^(?:panic|fatal error): (.*?)(?: \[recovered\])?$/;
const RUST = /^thread '[^']*' (?:\(\d+\) )?panicked at (?:'(.*)', )?(\S+?):(\d+):\d+:?$/;

export const readException = (record: ParsedRecord, message: string): void => {
  const newline = message.indexOf("\n");
  if (newline < 0) return;
  const found = pythonException(message) ?? panicOf(record, message, newline) ?? headOf(message);
  if (!found) return;
  record.setAll({ "exception.type": found.type, "exception.message": found.message });
  if (record.severity === 0) record.setSeverity(SEVERITY.ERROR, found.type ?? "panic");
};

interface Found {
  readonly type?: string | undefined;
  readonly message?: string | undefined;
}

/** What stands below the last frame of the last traceback. */
const pythonException = (message: string): Found | undefined => {
  const traceback = message.lastIndexOf(PYTHON_HEAD);
  if (traceback < 0) return undefined;
  for (const line of message.slice(traceback + PYTHON_HEAD.length + 1).split("\n")) {
    if (line === "" || /^\s/.test(line)) continue;
    const found = line.length > MAX_LINE ? null : PYTHON.exec(line);
    return found ? { type: found[1], message: found[2] } : undefined;
  }
  return undefined;
};

const panicOf = (record: ParsedRecord, message: string, newline: number): Found | undefined => {
  const first = message.slice(0, Math.min(newline, MAX_LINE));
  const go = PANIC.exec(first);
  if (go && message.includes("\ngoroutine ")) return { type: "panic", message: go[1] };
  const rust = RUST.exec(first);
  if (!rust) return undefined;
  record.setAll({ "code.file.path": rust[2], "code.line.number": rust[3] });
  return { type: "panic", message: rust[1] ?? message.slice(newline + 1).split("\n", 1)[0] };
};

/** The last line above the first frame that has a type's name. */
const headOf = (message: string): Found | undefined => {
  let from = 0;
  let found: Found | undefined;
  for (let count = 0; count < MAX_HEAD_LINES && from >= 0 && from < message.length; count++) {
    const newline = message.indexOf("\n", from);
    const line = message.slice(from, newline < 0 ? message.length : Math.min(newline, from + MAX_LINE)).replace(/\r$/, "");
    if (count > 0 && FRAME.test(line)) return found;
    const head = HEAD.exec(line);
    const ruby = head ? null : RUBY.exec(line);
    if (head) found = { type: head[1], message: head[2] };
    else if (ruby) found = { type: ruby[2], message: ruby[1] };
    from = newline < 0 ? -1 : newline + 1;
  }
  return undefined;
};
