/** What runtimes and frameworks say about themselves: PHP, Drupal, Rails, AWS Lambda. */

import { SEVERITY } from "@obs/wire";
import { severityOfStatus } from "../../text/level.ts";
import type { MessageReader } from "./message-reader.ts";

/** https://www.php.net/manual/en/errorfunc.constants.php; main.c's php_error_cb names them. */
const PHP_LEVELS: readonly (readonly [RegExp, number])[] = [
  [/fatal|parse|core error|compile error/i, SEVERITY.FATAL],
  [/warning/i, SEVERITY.WARN],
  [/notice|deprecated|strict/i, SEVERITY.INFO + 1],
];

/** `PHP Warning:  text in /file.php on line 7`, `... in /file.php:7` and what follows it. */
export const php: MessageReader = {
  programs: [],
  words: ["PHP"],
  patterns: [/^PHP (?<error_type>(?:[A-Z][a-z]+ )?(?:[Ff]atal error|[Pp]arse error|[Ww]arning|[Nn]otice|[Dd]eprecated|[Ee]rror|[Ss]tandards)):\s+(?<php_text>[^\n]*?) in (?<code_file_path>\S+)(?: on line |:)(?<code_line_number>\d+)(?:\n.*)?$/s],
  finish(record, { error_type: type, php_text: text }) {
    record.attributes.delete("php.text");
    const severity = PHP_LEVELS.find(([words]) => words.test(type!))?.[1] ?? SEVERITY.ERROR;
    record.setSeverity(severity, type!);
    return text;
  },
};

/** actionpack's log_subscriber.rb. A level that a logger wrote stays. */
export const rails: MessageReader = {
  programs: [],
  words: ["Processing", "Completed"],
  patterns: [
    /^Processing by (?<rails_controller>[A-Z][\w:]*)#(?<rails_action>\w+[!?]?) as (?<rails_format>\S*)$/,
    /^Completed (?<http_response_status__code>[1-5]\d\d)(?: (?<http_response_reason>[A-Z][A-Za-z' -]*?))? in (?<duration>[\d.]+ms)(?: \((?<rails_timings>[^)]*)\))?$/,
  ],
  finish(record, { http_response_status__code: status, rails_timings: timings }) {
    record.attributes.delete("rails.timings");
    if (status !== undefined && record.severity === 0) record.setSeverity(severityOfStatus(status), status);
    return timings;
  },
};

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html: `REPORT RequestId: id\tDuration: 1.2 ms\t...`. */
export const lambda: MessageReader = {
  programs: [],
  words: ["START", "END", "REPORT"],
  patterns: [
    /^(?<aws_lambda_event>START|END) RequestId: (?<faas_invocation__id>[\w-]+)(?:\s+Version: (?<faas_version>\S+))?\s*$/,
    /^(?<aws_lambda_event>REPORT) RequestId: (?<faas_invocation__id>[\w-]+)\s+(?<lambda_report>.*)$/s,
  ],
  finish(record, { lambda_report: report }) {
    record.attributes.delete("lambda.report");
    for (const [, key, value, unit] of (report ?? "").matchAll(/([A-Z][A-Za-z ]{1,40}): ([^\s:]+)(?: (ms|MB))?(?=\s|$)/g)) {
      record.set(`aws.lambda.${key!.trim().toLowerCase().replaceAll(" ", "_")}${unit === undefined ? "" : unit === "ms" ? "_ms" : "_mb"}`, value);
    }
    return undefined;
  },
};

/** https://www.drupal.org/docs, module syslog: base|time|type|address|request|referer|user|link|message. */
export const drupal: MessageReader = {
  programs: ["drupal"],
  words: ["http", "https"],
  patterns: [/^(?<drupal_base>https?:\/\/[^|\s]+)\|(?<drupal_time>\d{10})\|(?<drupal_type>[^|]*)\|(?<client_address>[^|]*)\|(?<url_full>[^|]*)\|(?<http_request_header_referer>[^|]*)\|(?<user_id>\d*)\|(?<drupal_link>[^|]*)\|(?<drupal_text>.*)$/s],
  finish(record, { drupal_text: text }) {
    record.attributes.delete("drupal.text");
    return text;
  },
};
