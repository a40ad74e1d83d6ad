/** Completion scripts of three shells, from a description of the commands. */

/** Values that only the tape knows; the command itself is asked for them. */
export const VALUE_KINDS = ['accounts', 'strategies', 'orders'] as const;
export type ValueKind = (typeof VALUE_KINDS)[number];

export interface OptionNode {
  /** `--status`. */
  readonly name: string;
  readonly description: string;
  readonly hasValue: boolean;
  /** All that its value may be, where that is known. */
  readonly choices: readonly string[];
  /** The values that it takes, where the tape knows them. */
  readonly values: ValueKind | null;
}

export interface CommandNode {
  /** What is typed before: empty for the program, then ` settings`, ` settings check`. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  /** What its arguments may be, where that is known. */
  readonly words: readonly string[];
  /** The values that its arguments take, where the tape knows them. */
  readonly values: ValueKind | null;
  readonly hasFiles: boolean;
  readonly options: readonly OptionNode[];
}

const HELP: OptionNode = {
  name: '--help',
  description: 'show this help, with examples',
  hasValue: false,
  choices: [],
  values: null,
};

/** The program's name and its commands as the typed words that lead from one to the next. */
function paths(nodes: readonly CommandNode[]): string[] {
  return nodes.map(({ path }) => path).filter((path) => path !== '');
}

function withHelp({ options }: CommandNode): readonly OptionNode[] {
  return [...options, HELP];
}

function valued(nodes: readonly CommandNode[]): { readonly path: string; readonly option: OptionNode }[] {
  return nodes.flatMap(({ path, options }) => options.filter(({ hasValue }) => hasValue).map((option) => ({ path, option })));
}

/** Quoted for bash and zsh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** To be sourced, or put among bash-completion's files. Files are completed wherever nothing else fits. */
export function bashScript(nodes: readonly CommandNode[]): string {
  return `# bash completion for tapedeck: tapedeck completion bash
_tapedeck() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} at='' word words='' options=''
  # Bash takes "--account=paper" for three words.
  if [[ $current == '=' ]]; then current=''
  elif [[ $previous == '=' ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ${paths(nodes).map(quoted).join('|')}) at="$at $word" ;;
    esac
  done
  COMPREPLY=()
  case "$at|$previous" in
${valued(nodes)
  .map(({ path, option }) => `    ${quoted(`${path}|${option.name}`)}) words=${bashValues(option)} ;;`)
  .join('\n')}
    *)
      case "$at" in
${nodes.map(bashCase).join('\n')}
      esac ;;
  esac
  [[ $current == -* ]] && words=$options
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _tapedeck tapedeck
`;
}

function bashValues({ choices, values }: Pick<OptionNode, 'choices' | 'values'>): string {
  return values === null ? quoted(choices.join(' ')) : `$(${asked('bash', values)})`;
}

function bashCase(node: CommandNode): string {
  const words = node.values === null ? quoted(wordsOf(node).join(' ')) : bashValues({ choices: [], values: node.values });
  return `        ${quoted(node.path)}) options=${quoted(optionsOf(node))}; [[ $current == -* ]] || words=${words} ;;`;
}

/** The command that a script asks for values; without a tape it has none, and says nothing. */
function asked(shell: string, values: ValueKind): string {
  return `tapedeck completion ${shell} --values ${values} 2>/dev/null`;
}

/** What comes first to mind: commands and arguments, files by the shell itself, and options where there is nothing else. */
function wordsOf(node: CommandNode): string[] {
  const words = [...node.commands.map(({ name }) => name), ...node.words];
  return words.length > 0 || node.hasFiles ? words : optionsOf(node).split(' ');
}

function optionsOf(node: CommandNode): string {
  return withHelp(node)
    .map(({ name }) => name)
    .join(' ');
}

/** To be put into a folder of `fpath` as `_tapedeck`. */
export function zshScript(nodes: readonly CommandNode[]): string {
  return `#compdef tapedeck
# zsh completion for tapedeck: tapedeck completion zsh
_tapedeck() {
  local at='' word
  local -a commands options
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      (${paths(nodes).map(quoted).join('|')}) at="$at $word" ;;
    esac
  done
  case "$at|\${words[CURRENT-1]}" in
${valued(nodes)
  .map(({ path, option }) => `    (${quoted(`${path}|${option.name}`)}) ${zshValues(option)}; return ;;`)
  .join('\n')}
  esac
  case "$at" in
${nodes.map(zshCase).join('\n')}
  esac
}
_tapedeck "$@"
`;
}

function zshValues({ choices, values }: Pick<OptionNode, 'choices' | 'values'>): string {
  if (values !== null) return `compadd -- \${(f)"$(${asked('zsh', values)})"}`;
  return choices.length === 0 ? '_message value' : `compadd -- ${choices.map(quoted).join(' ')}`;
}

function zshCase(node: CommandNode): string {
  const routeSchema = (name: string, description: string): string => quoted(`${name}:${description.replaceAll(':', '\\:')}`);
  const lines = [
    `options=(${withHelp(node)
      .map(({ name, description }) => routeSchema(name, description))
      .join(' ')})`,
    `commands=(${node.commands.map(({ name, description }) => routeSchema(name, description)).join(' ')})`,
    `[[ \${words[CURRENT]} == -* ]] && { _describe option options; return }`,
    node.commands.length > 0 ? '_describe command commands' : '',
    node.words.length > 0 ? `compadd -- ${node.words.map(quoted).join(' ')}` : '',
    node.values === null ? '' : zshValues({ choices: [], values: node.values }),
    node.hasFiles ? '_files' : '',
  ].filter((line) => line !== '');
  return `    (${quoted(node.path)})\n${lines.map((line) => `      ${line}`).join('\n')} ;;`;
}

/** To be put among fish's completions as `tapedeck.fish`. */
export function fishScript(nodes: readonly CommandNode[]): string {
  const lines = nodes.flatMap((node) => {
    const here = `complete -c tapedeck -n ${fishQuoted(`__tapedeck_at ${fishQuoted(node.path)}`)}`;
    return [
      ...node.commands.map(({ name, description }) => `${here} -a ${name} -d ${fishQuoted(description)}`),
      ...(node.words.length === 0 ? [] : [`${here} -a ${fishQuoted(node.words.join(' '))}`]),
      ...(node.values === null ? [] : [`${here} -a ${fishQuoted(`(${asked('fish', node.values)})`)}`]),
      ...(node.hasFiles ? [`${here} -F`] : []),
      ...withHelp(node).map((option) => `${here} ${fishOption(option)}`),
    ];
  });
  return `# fish completion for tapedeck: tapedeck completion fish
function __tapedeck_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        if contains -- "$at $word" ${paths(nodes).map(fishQuoted).join(' ')}
            set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c tapedeck -f
${lines.join('\n')}
`;
}

function fishOption({ name, description, hasValue, choices, values }: OptionNode): string {
  const words = values === null ? choices.join(' ') : `(${asked('fish', values)})`;
  const value = !hasValue ? '' : words === '' ? ' -x' : ` -x -a ${fishQuoted(words)}`;
  return `-l ${name.slice('--'.length)}${value} -d ${fishQuoted(description)}`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
