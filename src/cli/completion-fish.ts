import type { CompletedCommand, CompletedOption } from './completed-commands.ts'

/** The completion script of fish. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ path, commands: below, options, argument }) => {
    const deeper = below.map(({ word }) => word)
    const here = `complete -c postern -n ${quoted(`__postern_at ${path.join(' ')}`.trimEnd())}`
    return [
      ...below.map(({ word, description }) => `${here} -a ${quoted(word)} -d ${quoted(description)}`),
      ...(Array.isArray(argument) ? [`${here} -a ${quoted(argument.join(' '))}`] : []),
      ...(argument === 'file' ? [`${here} -F`] : []),
      ...options.map((option) => `${here} ${optionFlags(option)} -d ${quoted(option.description)}`),
      ...(deeper.length === 0
        ? []
        : [`set -a __postern_commands ${[...deeper].map((word) => quoted([...path, word].join(' '))).join(' ')}`]),
    ]
  })
  return `# Completion of postern in fish, as 'postern completion fish' prints it.
set -g __postern_commands

# Whether the command that was typed so far is this one.
function __postern_at
  set -l path
  for word in (commandline -opc)[2..-1]
    contains -- (string join -- ' ' $path $word) $__postern_commands
    and set -a path $word
  end
  test "$path" = "$argv"
end

complete -c postern -f
${lines.join('\n')}
`
}

function optionFlags({ flags, value }: CompletedOption): string {
  const spelled = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
  const argument =
    value === null
      ? []
      : value === 'file'
        ? ['-r', '-F']
        : value === 'text'
          ? ['-x']
          : ['-x', `-a ${quoted(value.join(' '))}`]
  return [...spelled, ...argument].join(' ')
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
