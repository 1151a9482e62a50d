import { InvalidArgumentError } from 'commander'
import { closeCodesAllowed, mayCloseWith } from '../vocabulary/close-frame.ts'
import type { CommandContext } from './command.ts'

/** The members that were given, as a query has them. */
export function present(members: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

/** Reads standard input, without its last line feed. */
export async function readInput({ io }: CommandContext): Promise<string> {
  const lines: string[] = []
  for await (const line of io.readLines()) lines.push(line)
  return lines.join('\n')
}

/** Reads a number of entries from the command line. */
export function readLimit(text: string): number {
  const limit = /^\d{1,7}$/.test(text) ? Number(text) : 0
  if (limit < 1) throw new InvalidArgumentError('It is a number from 1.')
  return limit
}

/** Reads a close code from the command line. */
export function readCode(text: string): string {
  if (/^\d{4}$/.test(text) && mayCloseWith(Number(text))) return text
  throw new InvalidArgumentError(`It is ${closeCodesAllowed}.`)
}
