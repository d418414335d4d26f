/**
 * The closed set of error codes of the agent: exit code and one doc line each. Data never makes
 * one of these after start-up; they are for what the person at the terminal has to change.
 */

export const ERRORS = {
  config_invalid: [78, "The configuration has errors; all of them are listed."],
  data_dir_locked: [1, "Another agent works on this data folder."],
  data_dir_unusable: [1, "The data folder cannot be created, read or written."],
  buffer_version: [1, "The buffer was written by a newer agent."],
  buffer_key: [1, "The buffer is encrypted with another key, or no key was given."],
  buffer_full: [1, "A gateway's buffer is at its budget; try again later."],
  closed: [1, "The agent is stopping."],
  agent_not_running: [1, "No agent answers on the status socket of this data folder."],
  usage: [64, "The command line is not understood."],
} as const satisfies Record<string, readonly [exitCode: number, doc: string]>;

export type AgentErrorCode = keyof typeof ERRORS;

export class AgentError extends Error {
  readonly code: AgentErrorCode;
  readonly exitCode: number;

  constructor(code: AgentErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "AgentError";
    this.code = code;
    this.exitCode = ERRORS[code][0];
  }
}
