import type { CompletedCommand } from './completed-commands.ts'

/** The completion script of bash 3.2 and later. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const rows = commands.map(
    ({ path, commands: below, options, argument }) => `    ${quoted(path.join(' '))})
      words=${quoted([...below.map(({ word }) => word), ...(Array.isArray(argument) ? argument : [])].join(' '))}
      options=${quoted(options.flatMap(({ flags }) => flags).join(' '))}
      files=${argument === 'file' ? 1 : 0} ;;
`,
  )
  const values = commands.flatMap(({ path, options }) =>
    options.flatMap(({ flags, value }) => {
      if (value === null) return []
      const patterns = flags.map((flag) => quoted(`${path.join(' ')}:${flag}`)).join('|')
      const reply = value === 'file' ? 'files=1' : value === 'text' ? ':' : `words=${quoted(value.join(' '))}`
      return [`    ${patterns}) ${reply}; return 0 ;;\n`]
    }),
  )
  const known = commands.map(({ path }) => path.join(' ')).filter((path) => path !== '')
  return `# Completion of postern in bash, as 'postern completion bash' prints it.

# What may stand behind an option that takes a value; fails for any other word.
_postern_value() {
  case "$1" in
${values.join('')}  esac
  return 1
}

_postern() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path= words= options= files=0 word previous= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if _postern_value "$path:$previous"; then previous=; continue; fi
    previous="$word"
    case "\${path:+$path }$word" in
      ${known.map(quoted).join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  words= files=0
  if ! _postern_value "$path:$previous"; then
    case "$path" in
${rows.join('')}    esac
    if [[ $current == -* ]]; then words="$options" files=0; fi
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if ((files && \${#COMPREPLY[@]} == 0)); then
    compopt -o filenames 2> /dev/null
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
  fi
}

complete -F _postern postern
`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
