import { Argument, Command } from 'commander'
import type { CommandContext } from './command.ts'
import { type CompletedCommand, completedCommands } from './completed-commands.ts'
import { bashCompletion } from './completion-bash.ts'
import { fishCompletion } from './completion-fish.ts'
import { zshCompletion } from './completion-zsh.ts'

/** The shells that commands and options are completed in, each with what prints its script. */
const shells: Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}

const epilogue = `
Prints a script that completes commands, options and file names. To have it in every new shell:
  postern completion bash > ~/.local/share/bash-completion/completions/postern
  postern completion zsh > "\${fpath[1]}/_postern"
  postern completion fish > ~/.config/fish/completions/postern.fish

Or only in this one, with bash:
  source <(postern completion bash)
`

/** The command that prints the completion script of a shell, made of the commands as they are. */
export function completionCommand({ io }: CommandContext): Command {
  const command = new Command('completion')
    .description('Print a script that completes commands and options in a shell.')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(shells)))
    .addHelpText('after', epilogue)
  return command.action((shell: string) => {
    const print = shells[shell]
    if (print === undefined || command.parent === null) throw new Error(`no completion for ${shell}`)
    io.stdout.write(print(completedCommands(command.parent)))
  })
}
