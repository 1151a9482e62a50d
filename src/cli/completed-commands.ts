import type { Argument, Command, Option } from 'commander'

/** A word that can be completed, with what it means. */
export interface CompletedWord {
  readonly word: string
  readonly description: string
}

export interface CompletedOption {
  /** The spellings: `--port`, `-p`. */
  readonly flags: readonly string[]
  readonly description: string
  /** Kind of value that follows: nothing, one of a few words, a file or folder, or any other text. */
  readonly value: null | 'file' | 'text' | readonly string[]
}

/** A command as a shell completes it. */
export interface CompletedCommand {
  /** The words behind `postern`: none for the program itself, `connections list` as two. */
  readonly path: readonly string[]
  readonly commands: readonly CompletedWord[]
  readonly options: readonly CompletedOption[]
  /** Kind of its arguments; null where it has none. */
  readonly argument: null | 'file' | 'text' | readonly string[]
}

/** Every command of a program, from the program itself down, with the options that its help shows. */
export function completedCommands(program: Command): CompletedCommand[] {
  return commandsBelow(program, [])
}

function commandsBelow(command: Command, path: readonly string[]): CompletedCommand[] {
  const help = command.createHelp()
  const visible = help.visibleCommands(command)
  const names = path[0] === 'help' ? [] : visible
  const own: CompletedCommand = {
    path,
    commands: names.map((each) => ({ word: each.name(), description: help.subcommandDescription(each) })),
    options: help.visibleOptions(command).map((option) => optionOf(option, help.optionDescription(option))),
    argument: argumentOf(command.registeredArguments[0]),
  }
  const helped = names.filter((each) => each.name() !== 'help')
  return [own, ...helped.flatMap((each) => commandsBelow(each, [...path, each.name()]))]
}

function optionOf(option: Option, description: string): CompletedOption {
  const flags = [option.long, option.short].filter((flag) => flag !== undefined && flag !== null)
  const takesValue = option.required || option.optional
  return { flags, description, value: takesValue ? valuesOf(option) : null }
}

function valuesOf({ flags, argChoices }: Option): 'file' | 'text' | readonly string[] {
  if (argChoices !== undefined) return argChoices
  const value = /<(.+?)>/.exec(flags)?.[1] ?? ''
  if (value === 'file' || value === 'dir') return 'file'
  return /^[\w-]+(\|[\w-]+)+$/.test(value) ? value.split('|') : 'text'
}

function argumentOf(argument: Argument | undefined): CompletedCommand['argument'] {
  if (argument === undefined) return null
  if (argument.argChoices !== undefined) return argument.argChoices
  return ['dir', 'scenario', 'file'].includes(argument.name()) ? 'file' : 'text'
}
