/** `obs-agent completion`: scripts for three shells, from the same table as help. */

import type { Command, Flag } from "./definition.ts";

const oneLine = (text: string): string => text.replaceAll("`", "").split(/(?<=[.;:]) /)[0]!.replace(/[.;:]$/, "");
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Path completion for what takes a file. */
const takesPath = (value: string | undefined): boolean => /FILE|FOLDER/.test(value ?? "");
/** An argument that is itself a command takes their names. */
const wordsOfArgument = ({ argument }: Command, commands: readonly Command[]): readonly string[] => (argument?.name === "COMMAND" ? commands.map(({ name }) => name) : (argument?.choices ?? []));

const bashValues = (name: string, { choices, value, type }: Flag): string[] => {
  if (type === "switch") return [];
  if (choices) return [`    --${name}) COMPREPLY=($(compgen -W ${quoted(choices.join(" "))} -- "$word")); return ;;`];
  return takesPath(value) ? [`    --${name}) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$word")); return ;;`] : [`    --${name}) return ;;`];
};

const bashCommand = (command: Command, commands: readonly Command[]): string => {
  const flags = Object.keys(command.flags).map((name) => `--${name}`);
  const words = [...flags, ...wordsOfArgument(command, commands)].join(" ");
  const files = takesPath(command.argument?.name) ? ` COMPREPLY+=($(compgen -f -- "$word")); compopt -o filenames 2>/dev/null;` : "";
  return `    ${command.name}) COMPREPLY=($(compgen -W ${quoted(words)} -- "$word"));${files} return ;;`;
};

/** Options of one name mean the same in every command, or differ only in their doc line. */
const allFlags = (commands: readonly Command[]): [string, Flag][] => [...new Map(commands.flatMap(({ flags }) => Object.entries(flags)))];

const bash = (commands: readonly Command[]): string => `# bash completion of obs-agent: source <(obs-agent completion bash)
_obs_agent() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
  case "$previous" in
${allFlags(commands).flatMap(([name, flag]) => bashValues(name, flag)).join("\n")}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W ${quoted(commands.map(({ name }) => name).join(" "))} -- "$word")); return; fi
  case "\${COMP_WORDS[1]}" in
${commands.map((command) => bashCommand(command, commands)).join("\n")}
  esac
}
complete -F _obs_agent obs-agent
`;

/** In an _arguments specification these end a part. */
const zshText = (text: string): string => text.replaceAll(/[[\]:\\]/g, "\\$&");

const zshFlag = (name: string, { type, multiple, value, choices, doc }: Flag): string => {
  const action = choices ? `(${choices.join(" ")})` : takesPath(value) ? "_files" : " ";
  return quoted(`${multiple ? "*" : ""}--${name}[${zshText(oneLine(doc))}]${type === "switch" ? "" : `:${zshText((value ?? "value").toLowerCase())}:${action}`}`);
};

const zshCommand = (command: Command, commands: readonly Command[]): string => {
  const words = wordsOfArgument(command, commands);
  const { argument } = command;
  const position = argument?.multiple ? "*" : "1";
  const positional = words.length > 0 ? [quoted(`${position}:${argument!.name.toLowerCase()}:(${words.join(" ")})`)] : argument ? [quoted(`${position}:${argument.name.toLowerCase()}:_files`)] : [];
  const specifications = [...Object.entries(command.flags).map(([name, flag]) => zshFlag(name, flag)), ...positional];
  return `      ${command.name}) _arguments ${specifications.length > 0 ? specifications.join(" ") : quoted("*: :")} ;;`;
};

const zsh = (commands: readonly Command[]): string => `#compdef obs-agent
# zsh completion of obs-agent: obs-agent completion zsh > "\${fpath[1]}/_obs-agent"
_obs_agent() {
  local -a commands
  commands=(
${commands.map(({ name, doc }) => `    ${quoted(`${name}:${zshText(oneLine(doc))}`)}`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
  else
    local chosen="$words[2]"
    shift words
    (( CURRENT-- ))
    case "$chosen" in
${commands.map((command) => zshCommand(command, commands)).join("\n")}
    esac
  fi
}
if [ "$funcstack[1]" = "_obs-agent" ]; then _obs_agent "$@"; else compdef _obs_agent obs-agent; fi
`;

const fish = (commands: readonly Command[]): string => {
  const lines = ["# fish completion of obs-agent: obs-agent completion fish > ~/.config/fish/completions/obs-agent.fish", "complete -c obs-agent -f"];
  for (const command of commands) {
    const after = `complete -c obs-agent -n ${quoted(`__fish_seen_subcommand_from ${command.name}`)}`;
    lines.push(`complete -c obs-agent -n __fish_use_subcommand -a ${command.name} -d ${quoted(oneLine(command.doc))}`);
    const words = wordsOfArgument(command, commands);
    if (words.length > 0) lines.push(`${after} -a ${quoted(words.join(" "))}`);
    else if (takesPath(command.argument?.name)) lines.push(`${after} -F`);
    for (const [name, { type, choices, value, doc }] of Object.entries(command.flags)) {
      const takes = type === "switch" ? "" : choices ? ` -x -a ${quoted(choices.join(" "))}` : takesPath(value) ? " -r -F" : " -x";
      lines.push(`${after} -l ${name}${takes} -d ${quoted(oneLine(doc))}`);
    }
  }
  return `${lines.join("\n")}\n`;
};

const SCRIPTS: Readonly<Record<string, (commands: readonly Command[]) => string>> = { bash, zsh, fish };

export const completion = (commands: readonly Command[], shell: string): number => {
  process.stdout.write(SCRIPTS[shell]!(commands));
  return 0;
};
