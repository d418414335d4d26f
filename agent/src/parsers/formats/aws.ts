/** Logs that AWS writes: load balancers, S3, VPC flows. CloudFront is W3C, CloudTrail is JSON. */

import { ParsedRecord, type LineParser } from "../text/record.ts";
import { patternParser } from "./pattern.ts";

const ISO = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;
const QUOTED = String.raw`"(?:[^"\\]|\\.)*"`;

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html */
const CLASSIC = String.raw`(?<time>${ISO}) (?<aws_elb_name>\S+) (?<client__address>\S+) (?<aws_elb_target__address>\S+) (?<aws_elb_request__duration>-?[\d.]+) (?<aws_elb_target_duration>-?[\d.]+) (?<aws_elb_response__duration>-?[\d.]+) (?<status>\d{3}|-) (?<aws_elb_target_status__code>\d{3}|-) (?<http_request_size>\d+|-) (?<http_response_size>\d+|-) "(?<request>(?:[^"\\]|\\.)*)"`;
const AGENT = String.raw` "(?<agent>(?:[^"\\]|\\.)*)" (?<tls_cipher>\S+) (?<tls_protocol>\S+)`;
/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html; fields were added over time. */
const APPLICATION = String.raw` (?<target__group>\S+) "(?<trace>(?:[^"\\]|\\.)*)"(?: (?<domain>"[^"]*"|\S+) (?<certificate>"[^"]*"|\S+))?(?: (?<rule>\S+) (?<created>\S+) "(?<actions>[^"]*)" "(?<redirect>[^"]*)"(?: "(?<error>[^"]*)"(?: (?<targets>${QUOTED}|\S+)(?: (?<target__statuses>${QUOTED}|\S+)(?: "(?<classification>[^"]*)"(?: "(?<classification__reason>[^"]*)"(?: (?<connection>\S+))?)?)?)?)?)?)?(?<more>(?: \S+)*)\s*`;

const NAMES = {
  agent: "user_agent.original", target__group: "aws.elb.target_group.arn", trace: "aws.elb.trace_id", domain: "tls.client.server_name", certificate: "aws.elb.certificate.arn",
  rule: "aws.elb.rule.priority", created: "aws.elb.request.created", actions: "aws.elb.actions", redirect: "aws.elb.redirect.url", error: "aws.elb.error.reason",
  targets: "aws.elb.targets", target__statuses: "aws.elb.target.status_codes", classification: "aws.elb.classification", classification__reason: "aws.elb.classification.reason",
  connection: "aws.elb.connection.id", type: "aws.elb.type", more: "aws.elb.more",
}; // prettier-ignore

const dropEmpty = (record: { attributes: Map<string, string> }): boolean => {
  if (record.attributes.get("aws.elb.more") === "") record.attributes.delete("aws.elb.more");
  return true;
};

export const awsElb = patternParser({
  name: "aws_elb",
  description: "Access logs of AWS's classic and application load balancers.",
  detect: new RegExp(String.raw`^(?:(?:https?|h2|wss?|grpcs?) )?${ISO} \S+ \S+ \S+ -?[\d.]+ -?[\d.]+ -?[\d.]+ `),
  patterns: [
    new RegExp(`^(?<type>https?|h2|wss?|grpcs?) ${CLASSIC}${AGENT}${APPLICATION}$`),
    new RegExp(`^${CLASSIC}(?:${AGENT}(?<more>.*))?$`),
    // A gateway error has fewer figures: one -1 stands for all durations.
    new RegExp(String.raw`^(?<time>${ISO}) (?<aws_elb_name>\S+) (?<client__address>\S+) (?<aws_elb_target__address>\S+) (?<aws_elb_request__duration>-?[\d.]+) (?<aws_elb_target_duration>-?[\d.]+) (?<aws_elb_response__duration>-?[\d.]+) (?<status>\S+) (?<aws_elb_target_status__code>\S+) (?<http_request_size>\S+) (?<http_response_size>\S+) "(?<request>.*)"$`),
  ],
  names: NAMES,
  facts: false,
  finish: (record, { request, targets, target__statuses: statuses }) => {
    record.message = request!;
    for (const name of ["tls.client.server_name", "aws.elb.certificate.arn"]) if (record.attributes.get(name)?.startsWith('"')) record.attributes.set(name, record.attributes.get(name)!.slice(1, -1));
    // One target is written bare or quoted.
    if (targets?.startsWith('"')) record.attributes.set("aws.elb.targets", targets.slice(1, -1));
    if (statuses?.startsWith('"')) record.attributes.set("aws.elb.target.status_codes", statuses.slice(1, -1));
    return dropEmpty(record);
  },
});

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html */
export const awsNlb = patternParser({
  name: "aws_nlb",
  description: "Access logs of AWS's network load balancers.",
  detect: /^tls [12]\.\d \d{4}-\d\d-\d\dT/,
  patterns: [
    /^(?<aws_elb_type>tls) (?<aws_elb_version>\S+) (?<time>\S+) (?<message>(?<aws_elb_name>\S+) (?<aws_elb_listener>\S+) (?<client__address>\S+) (?<server__address>\S+) (?<aws_elb_connection_duration>-?\d+) (?<aws_elb_handshake_duration>\S+) (?<http_request_size>\d+) (?<http_response_size>\d+) (?<tls_alert>\S+) (?<aws_elb_certificate_arn>\S+) (?<aws_elb_certificate_serial>\S+) (?<tls_cipher>\S+) (?<tls_protocol>\S+) (?<tls_curve>\S+) (?<tls_client_server__name>\S+)(?: (?<aws_elb_alpn_frontend>\S+) (?<aws_elb_alpn_backend>\S+) (?<aws_elb_alpn_client>\S+)(?: (?<aws_elb_connection_created>\S+))?)?.*)$/,
  ],
  facts: false,
});

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html */
export const awsS3 = patternParser({
  name: "aws_s3",
  description: "Access logs of AWS S3 buckets.",
  detect: /^[\da-f]{64} \S+ \[/,
  patterns: [
    new RegExp(String.raw`^(?<aws_s3_owner>\S+) (?<aws_s3_bucket>\S+) \[(?<time>[^\]]+)\] (?<client__address>\S+) (?<user_id>\S+) (?<aws_request__id>\S+) (?<aws_s3_operation>\S+) (?<aws_s3_key>\S+) (?:"(?<request>[^"]*)"|-) (?<status>\S+) (?<error_type>\S+) (?<http_response_size>\S+) (?<aws_s3_object_size>\S+) (?<aws_s3_duration>\S+) (?<aws_s3_turnaround>\S+) "?(?<referer>[^"]*?)"? "(?<agent>[^"]*)" (?<aws_s3_version__id>\S+)(?: (?<aws_s3_host__id>\S+) (?<aws_s3_signature>\S+) (?<tls_cipher>\S+) (?<aws_s3_authentication>\S+) (?<server_address>\S+) (?<tls_protocol>\S+)(?: (?<aws_s3_access__point>\S+)(?: (?<aws_s3_acl>\S+))?)?)?.*$`),
  ],
  names: { agent: "user_agent.original", referer: "http.request.header.referer" },
  facts: false,
  finish: (record, { request, aws_s3_operation: operation }) => {
    record.message = request ?? operation!;
    return true;
  },
});

/** https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html; the names of fields that have one here. */
const FLOW_NAMES: Readonly<Record<string, string>> = {
  version: "aws.vpc.version", "account-id": "cloud.account.id", "interface-id": "aws.vpc.interface", srcaddr: "source.address", dstaddr: "destination.address", srcport: "source.port", dstport: "destination.port",
  protocol: "network.protocol", packets: "network.packets", bytes: "network.bytes", start: "aws.vpc.start", end: "aws.vpc.end", action: "aws.vpc.action", "log-status": "aws.vpc.log_status", region: "cloud.region",
  "az-id": "cloud.availability_zone", "instance-id": "host.id",
}; // prettier-ignore
/** Versions 2 to 5 in their documented order; a header line of the stream may say otherwise. */
const FLOW_FIELDS =
  "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path".split(" ");
const VERSION_2 = 14;
const FLOW_LINE = /^\d (?:\d{12}|unknown|-) eni-\w+ /;
const FLOW_HEADER = /^(?:[a-z\d]+(?:-[a-z]+)* )*srcaddr dstaddr(?: [a-z\d]+(?:-[a-z]+)*)*$/;

export const awsVpcFlow: LineParser = {
  name: "aws_vpc_flow",
  description: "AWS VPC flow logs, version 2 and later; a first line of names gives the order of other selections.",
  detect: (line) => FLOW_LINE.test(line) || line.includes("srcaddr dstaddr") || /^\S+(?: \S+){2,28}$/.test(line),
  parse(line, context) {
    if (FLOW_HEADER.test(line)) {
      context.columns = line.split(" ");
      const header = new ParsedRecord();
      header.message = line;
      return header;
    }
    const values = line.split(" ");
    const named = context.columns?.includes("srcaddr") === true && context.columns.length === values.length;
    if (!named && (!FLOW_LINE.test(line) || values.length < VERSION_2 || values.length > FLOW_FIELDS.length)) return undefined;
    const fields = named ? context.columns! : FLOW_FIELDS;
    const record = new ParsedRecord();
    for (const [index, value] of values.entries()) {
      const field = fields[index]!;
      if (field === "start") record.readTime(context, value);
      record.set(FLOW_NAMES[field] ?? `aws.vpc.${field.replaceAll("-", "_")}`, value);
    }
    const { attributes } = record;
    record.message = `${attributes.get("aws.vpc.action") ?? "flow"} ${attributes.get("source.address")} -> ${attributes.get("destination.address")}`;
    return record;
  },
};
