import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** A template and what it sees. Rendered by the oracle into a golden, and by our engine in the test. */
export interface OracleCase {
  readonly template: string
  readonly variables?: Readonly<Record<string, unknown>>
  /**
   * API Gateway's objects; where they are given, the template sees `$input`, `$util`, `$context` and `$stageVariables`.
   */
  readonly input?: {
    readonly body: string
    readonly params?: Readonly<Record<string, Readonly<Record<string, string>>>>
    readonly context?: Readonly<Record<string, unknown>>
    readonly stageVariables?: Readonly<Record<string, string>>
  }
}

/** The oracle's answer to a template. */
export interface Golden {
  readonly template: string
  readonly output?: string
  readonly error?: 'parse' | 'render'
}

const folder = new URL('../cases/', import.meta.url)
const separator = '\n----\n'

/** The names of the families of cases. */
export function families(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.vtl'))
    .map((name) => name.slice(0, -'.vtl'.length))
    .sort()
}

/** The cases of one family: templates in a .vtl file, and in a .json file beside it what they see. */
export function readCases(family: string): OracleCase[] {
  const text = readFileSync(new URL(`${family}.vtl`, folder), 'utf8').replace(/\n$/, '')
  const own = new URL(`${family}.json`, folder)
  const seen = JSON.parse(readFileSync(existsSync(own) ? own : new URL('variables.json', folder), 'utf8')) as object
  return text.split(separator).map((template) => ({ template, ...seen }))
}
