/** Logs that AWS writes: load balancers, S3, VPC flows. CloudFront is W3C, CloudTrail is JSON. */

import { patternParser } from "./pattern.ts";

const ISO = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;
const QUOTED = String.raw`"(?:[^"\\]|\\.)*"`;

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html */
const CLASSIC = String.raw`(?<time>${ISO}) (?<aws_elb_name>\S+) (?<client__address>\S+) (?<aws_elb_target__address>\S+) (?<aws_elb_request__duration>-?[\d.]+) (?<aws_elb_target_duration>-?[\d.]+) (?<aws_elb_response__duration>-?[\d.]+) (?<status>\d{3}|-) (?<aws_elb_target_status__code>\d{3}|-) (?<http_request_size>\d+|-) (?<http_response_size>\d+|-) "(?<request>(?:[^"\\]|\\.)*)"`;
const AGENT = String.raw` "(?<agent>(?:[^"\\]|\\.)*)" (?<tls_cipher>\S+) (?<tls_protocol>\S+)`;
/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html; fields were added over time. */
const APPLICATION = String.raw` (?<target__group>\S+) "(?<trace>(?:[^"\\]|\\.)*)"(?: "(?<domain>[^"]*)" "(?<certificate>[^"]*)" (?<rule>\S+) (?<created>\S+) "(?<actions>[^"]*)" "(?<redirect>[^"]*)"(?: "(?<error>[^"]*)"(?: (?<targets>${QUOTED}|\S+)(?: (?<target__statuses>${QUOTED}|\S+)(?: "(?<classification>[^"]*)"(?: "(?<classification__reason>[^"]*)"(?: (?<connection>\S+))?)?)?)?)?)?)?(?<more>(?: \S+)*)\s*`;

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
    // One target is written bare or quoted.
    if (targets?.startsWith('"')) record.attributes.set("aws.elb.targets", targets.slice(1, -1));
    if (statuses?.startsWith('"')) record.attributes.set("aws.elb.target.status_codes", statuses.slice(1, -1));
    return dropEmpty(record);
  },
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

/** https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html, version 2. */
export const awsVpcFlow = patternParser({
  name: "aws_vpc_flow",
  description: "AWS VPC flow logs in their default form.",
  detect: /^\d \S+ eni-\w+ /,
  patterns: [
    /^(?<aws_vpc_version>\d+) (?<cloud_account_id>\S+) (?<aws_vpc_interface>\S+) (?<source_address>\S+) (?<destination_address>\S+) (?<source_port>\S+) (?<destination_port>\S+) (?<network_protocol>\S+) (?<network_packets>\S+) (?<network_bytes>\S+) (?<aws_vpc_start>\d+) (?<aws_vpc_end>\d+) (?<aws_vpc_action>\S+) (?<aws_vpc_log__status>\S+)$/,
  ],
  facts: false,
  finish: (record, { aws_vpc_start: start, aws_vpc_action: action, source_address: source, destination_address: destination }, context) => {
    record.readTime(context, start!);
    record.message = `${action} ${source} -> ${destination}`;
    return true;
  },
});
