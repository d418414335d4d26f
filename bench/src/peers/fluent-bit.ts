/** Fluent Bit: tail, a parser per format, Lua for masking, HTTP with gzip. w4 keeps its chunks in files. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, versionOf } from "./find-program.ts";
import type { Peer, PeerTask } from "./peer.ts";

const PARSERS = String.raw`parsers:
  - name: app
    format: json
    time_key: timestamp
    time_keep: on
    time_format: "%Y-%m-%dT%H:%M:%S.%LZ"
  - name: nginx
    format: regex
    regex: '^(?<remote>[^ ]*) (?<host>[^ ]*) (?<user>[^ ]*) \[(?<time>[^\]]*)\] "(?<method>\S+)(?: +(?<path>[^\"]*?)(?: +\S*)?)?" (?<code>[^ ]*) (?<size>[^ ]*)(?: "(?<referer>[^\"]*)" "(?<agent>[^\"]*)")?$'
    time_key: time
    time_keep: on
    time_format: "%d/%b/%Y:%H:%M:%S %z"
    types: code:integer size:integer
`;

const MASK = String.raw`local gsub, random = string.gsub, math.random
function mask(tag, ts, record)
  if record.level == "DEBUG" and random() < 0.9 then return -1, 0, 0 end
  local message, changes = record.message, 0
  if not message then return 0, 0, 0 end
  local function hide(pattern, label)
    local count
    message, count = gsub(message, pattern, label)
    changes = changes + count
  end
  hide("[%w%.%_%+%-]+@[%w%-]+%.[%w%.%-]+", "[EMAIL]")
  hide("%f[%d]%d%d%d%-%d%d%-%d%d%d%d%f[%D]", "[SSN]")
  hide("%f[%d]%d%d%d%d%-%d%d%d%d%-%d%d%d%d%-%d%d%d%d%f[%D]", "[CARD]")
  hide("%f[%d]%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%f[%D]", "[CARD]")
  hide("sk_live_%w+", "[KEY]")
  if changes == 0 then return 0, 0, 0 end
  record.message = message
  return 2, 0, record
end
`;

const configuration = ({ work, inputs, folder, httpPort }: PeerTask): unknown => ({
  service: {
    flush: 1,
    log_level: "warn",
    parsers_file: join(folder, "parsers.yaml"),
    "storage.path": join(folder, "storage"),
    "storage.sync": "normal",
    "storage.max_chunks_up": 128,
    "storage.backlog.mem_limit": "50M",
    "scheduler.base": 1,
    "scheduler.cap": 5,
  },
  pipeline: {
    inputs: [
      {
        name: "tail",
        path: inputs.join(","),
        tag: "app",
        parser: work.log,
        read_from_head: "on",
        refresh_interval: 1,
        buffer_chunk_size: "256k",
        buffer_max_size: "2M",
        mem_buf_limit: "50M",
        db: join(folder, "tail.db"),
        "db.sync": "normal",
        "storage.type": work.onDisk ? "filesystem" : "memory",
      },
    ],
    ...(work.masked ? { filters: [{ name: "lua", match: "*", script: join(folder, "mask.lua"), call: "mask", type_int_key: "user_id" }] } : {}),
    outputs: [
      { name: "http", match: "*", host: "127.0.0.1", port: httpPort, uri: "/ingest", format: "json_lines", json_date_key: false, workers: 2, compress: "gzip", retry_limit: "no_limits" },
    ],
  },
});

export const findFluentBit = (): Peer | undefined => {
  const program = findProgram("fluent-bit", "/opt/fluent-bit/bin/fluent-bit");
  if (!program) return undefined;
  return {
    name: "fluent-bit",
    version: versionOf(program, "--version"),
    prepare: (task) => {
      const config = join(task.folder, "fluent-bit.yaml");
      writeFileSync(join(task.folder, "parsers.yaml"), PARSERS);
      writeFileSync(join(task.folder, "mask.lua"), MASK);
      // JSON is YAML.
      writeFileSync(config, JSON.stringify(configuration(task), undefined, 2));
      return { program, args: ["-c", config] };
    },
  };
};
