/** Every command of obs-agent, in the order of help. What is behind one is loaded when it is asked for. */

import type { Command, CommandTable, Flag } from "./definition.ts";

const config: Flag = { type: "text", multiple: true, value: "FILE|FOLDER", doc: "Configuration, repeatable; a folder's `*.yaml` in the order of their names. Without it `/etc/obs-agent/config.yaml` and `/etc/obs-agent/conf.d/`, where they are there." };
const json: Flag = { type: "switch", doc: "JSON in place of text." };
const output = (what: string): Flag => ({ type: "text", value: "FILE", doc: `Write ${what} to this file in place of stdout.` });
const force: Flag = { type: "switch", doc: "Overwrite the file if it is there." };

const CONVERT_FORMATS = ["fluent-bit", "vector", "promtail", "filebeat", "telegraf"] as const;
const SHELLS = ["bash", "zsh", "fish"] as const;
const TAP_STREAMS = ["logs", "spans", "samples", "histograms", "exemplars", "series"] as const;

export const COMMANDS: readonly Command[] = [
  {
    name: "run",
    doc: "Ship the files and metrics of this host until it is stopped.",
    flags: { config },
    details: "The default. SIGHUP, or a change of a configuration file, loads the configuration anew: it is checked whole first, a bad one is refused and the old one goes on. Sources that did not change go on; the others stop, make durable what they read, and begin again at their positions. SIGTERM and SIGINT end it; a second one ends it at once.",
    run: async (invocation) => (await import("./run.ts")).run(invocation),
  },
  {
    name: "stdin",
    doc: "Ship the lines of standard input, wait until they are stored, end.",
    flags: {},
    details: "What `COMMAND | obs-agent` does without a name. `OBS_SERVICE` names the service of the lines.",
    run: async () => (await import("./ship-stdin.ts")).shipStdin(),
  },
  {
    name: "init",
    doc: "Write a commented configuration for what is found on this host.",
    flags: { output: output("it"), force },
    details: "Options that are set were found here; every other option stands there as a comment with its default. Secrets are never written: they are named as variables.",
    run: async (invocation) => (await import("./init.ts")).init(invocation),
  },
  {
    name: "validate",
    doc: "Check the configuration: every error at once, exit code 78.",
    flags: { config, json },
    run: async (invocation) => (await import("./validate.ts")).validate(invocation),
  },
  {
    name: "test",
    doc: "Run cases: lines in, expected records out; exit code 1 when one fails.",
    argument: { name: "FILE", multiple: true },
    flags: { config, json },
    details: "Files are YAML: a list of cases with `name`, `input` (text or a list of lines) and `expect` (a list of records); optional `path`, `service`, `environment`, `host` and `now`. Only the fields that a record of `expect` names are compared; `null` says that a field or attribute is not there. Lines go through the row pass that `run` uses, with the masks of the configuration.",
    run: async (invocation) => (await import("./test-cases.ts")).testCases(invocation),
  },
  {
    name: "graph",
    doc: "Draw the path that the configuration makes.",
    flags: { config, format: { type: "text", choices: ["text", "mermaid"], doc: "How it is drawn; `text` by default." } },
    run: async (invocation) => (await import("./graph.ts")).graph(invocation),
  },
  {
    name: "convert",
    doc: "Turn the configuration of another agent into one of ours.",
    argument: { name: "FILE" },
    flags: { from: { type: "text", choices: CONVERT_FORMATS, doc: "Whose configuration it is; found from its content by default." }, output: output("the configuration"), force, json },
    details: "Fluent Bit (classic and YAML), Vector (TOML and YAML), Promtail, Filebeat and Telegraf. The configuration goes to stdout, the report to stderr: what was taken over, what is not needed here, and what has no equal.",
    run: async (invocation) => (await import("./convert/index.ts")).convert(invocation),
  },
  {
    name: "status",
    doc: "What a running agent has read, sent and holds.",
    flags: { config, json },
    run: async (invocation) => (await import("./status.ts")).status(invocation),
  },
  {
    name: "top",
    doc: "Live counters of the running agent.",
    flags: { config, once: { type: "switch", doc: "Show one interval and end." }, interval: { type: "number", value: "SECONDS", doc: "Time between two readings; 1 by default." }, json: { type: "switch", doc: "One JSON object per reading." } },
    run: async (invocation) => (await import("./top.ts")).top(invocation),
  },
  {
    name: "tap",
    doc: "Watch records of the running agent, after masking and before the buffer.",
    flags: {
      config,
      stream: { type: "text", choices: TAP_STREAMS, doc: "Which records; `logs` by default." },
      filter: { type: "text", multiple: true, value: "FIELD=TEXT", doc: "Only records that fit, repeatable, all have to. `FIELD=TEXT` is equal, `FIELD~TEXT` contains, `FIELD>=NUMBER` and `FIELD<=NUMBER` compare, `!=` and `!~` negate. A FIELD that is no column is an attribute or label." },
      rate: { type: "number", value: "N", doc: "At most so many records a second; 100 by default. What is left out is counted." },
      limit: { type: "number", value: "N", doc: "End after so many records." },
      json: { type: "switch", doc: "One JSON object per record." },
    },
    details: "Works over the socket in the data folder, which only its owner can open. While nobody taps, it costs one comparison per batch.",
    run: async (invocation) => (await import("./tap.ts")).tap(invocation),
  },
  {
    name: "fields",
    doc: "Which fields the logs of each service have: how often, of which types, with an example.",
    flags: { config, service: { type: "text", value: "NAME", doc: "Of this service alone." }, json },
    details: "Told by the running agent since its start, from a sample of every batch, after masking.",
    run: async (invocation) => (await import("./fields.ts")).fields(invocation),
  },
  {
    name: "buffer",
    doc: "What is in the disk buffer: `buffer ls [KEY...]`, `buffer fsck`, `buffer dump [KEY...]`.",
    argument: { name: "ACTION", multiple: true },
    flags: { config, json },
    details: "`ls` lists batches: waiting, acknowledged, dead letters. `fsck` checks every one of them; exit code 1 when something is damaged. `dump` prints rows as JSON lines: of the batches whose KEY begins so, else of those waiting and dead. All three only read, on a copy of the index, so an agent may be at work meanwhile.",
    run: async (invocation) => (await import("./buffer.ts")).buffer(invocation),
  },
  {
    name: "support-bundle",
    doc: "Pack what support asks for into a tar.gz; secrets are masked.",
    flags: { config, output: { type: "text", value: "FILE", doc: "Its name; `obs-agent-support-TIME.tar.gz` in this folder by default." } },
    details: "Holds the configuration with secrets masked, its errors, status, metrics, the last lines of the agent's own log and versions. No data is in it. Look before you send: `tar -xzOf FILE`.",
    run: async (invocation) => (await import("./support-bundle.ts")).supportBundle(invocation),
  },
  {
    name: "completion",
    doc: "Print the completion script of a shell.",
    argument: { name: "SHELL", choices: SHELLS },
    flags: {},
    details: "bash: `source <(obs-agent completion bash)`; zsh: `obs-agent completion zsh > \"${fpath[1]}/_obs-agent\"`; fish: `obs-agent completion fish > ~/.config/fish/completions/obs-agent.fish`.",
    run: async ({ args }) => (await import("./completion.ts")).completion(COMMANDS, args[0]!),
  },
  {
    name: "version",
    doc: "Print the version.",
    flags: {},
    run: async () => {
      const { VERSION } = await import("../core/version.ts");
      process.stdout.write(`${VERSION}\n`);
      return 0;
    },
  },
  {
    name: "help",
    doc: "Print this, or what a command does.",
    argument: { name: "COMMAND", optional: true },
    flags: {},
    run: async ({ args }) => (await import("./help.ts")).help(TABLE, args[0]),
  },
];

const ENVIRONMENT: CommandTable["environment"] = [
  ["OBS_ENDPOINT, OBS_API_KEY", "The backend; else the configuration, else this machine's own (`npm start`)."],
  ["OBS_AGENT_DATA_DIR", "Folder of the disk buffer."],
  ["OBS_AGENT_LISTEN", "Address of health and metrics (`127.0.0.1:8686`; `off`: none)."],
  ["OBS_SERVICE", "Service of the lines of a pipe (`stdin`)."],
  ["NO_COLOR", "No colours when it is set."],
];

export const TABLE: CommandTable = { commands: COMMANDS, environment: ENVIRONMENT };
