import type { CompletedCommand, CompletedOption } from './completed-commands.ts'

/** The completion script of zsh, a file `_postern` for a folder of `fpath`. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  return `#compdef postern
# Completion of postern in zsh, as 'postern completion zsh' prints it.

${commands.map((command) => functionOf(command)).join('\n')}
if [ "$funcstack[1]" = _postern ]; then
  _postern "$@"
else
  compdef _postern postern
fi
`
}

function functionOf({ path, commands, options, argument }: CompletedCommand): string {
  const specs = options.map(specOf)
  if (commands.length === 0) {
    const rest = argument === null ? [] : [`'*:argument:${actionOf(argument)}'`]
    return `${nameOf(path)}() {\n  _arguments -s ${[...specs, ...rest].join(' \\\n    ')}\n}\n`
  }
  const described = commands.map(({ word, description }) => quoted(`${word}:${description}`))
  const cases = commands
    .filter(({ word }) => word !== 'help')
    .map(({ word }) => `        ${word}) ${nameOf([...path, word])} ;;\n`)
  return `${nameOf(path)}() {
  local context state line
  _arguments -s -C ${[...specs, "'1: :->command'", "'*:: :->rest'"].join(' \\\n    ')}
  case $state in
    command)
      local -a commands=(
        ${described.join('\n        ')}
      )
      _describe command commands ;;
    rest)
      case $line[1] in
${cases.join('')}      esac ;;
  esac
}
`
}

function nameOf(path: readonly string[]): string {
  return ['_postern', ...path].join('_').replaceAll('-', '_')
}

function specOf({ flags, description, value }: CompletedOption): string {
  const action = value === null ? '' : `:value:${actionOf(value)}`
  const meaning = quoted(`[${description.replaceAll(/[[\]\\:]/g, '\\$&')}]${action}`)
  return flags.length === 1 ? `${flags[0]}${meaning}` : `{${flags.join(',')}}${meaning}`
}

function actionOf(value: 'file' | 'text' | readonly string[]): string {
  if (value === 'file') return '_files'
  return value === 'text' ? '' : `(${value.join(' ')})`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
