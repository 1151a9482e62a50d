import { compileJsonPath } from 'postern-documents/json-path'
import type { StepDefinition } from '../scenario/definition.ts'
import { compileMessage, type Template } from '../scenario/template.ts'
import { compileReply, type ReplyKind } from './message-kind.ts'

/** One entry of `onOpen`, compiled. */
export interface SetUpStep {
  readonly name: string
  readonly send: Template | null
  readonly reply: ReplyKind | null
  readonly save: readonly { readonly name: string; read(document: unknown): unknown }[]
}

const defaultTimeout = 10_000

export function compileStep(definition: StepDefinition, index: number): SetUpStep {
  const name = `step ${index + 1} of onOpen`
  const save = Object.entries(definition.save).map(([variable, path]) => {
    const compiled = compileJsonPath(path)
    return { name: variable, read: (document: unknown) => compiled.read(document) }
  })
  const given = typeof definition.reply === 'object' ? definition.reply : null
  const waits = given !== null || definition.reply === true || save.length > 0 || definition.send === undefined
  const reply = waits ? compileReply(given ?? { where: {}, check: {}, timeout: defaultTimeout }, name) : null
  return { name, send: definition.send === undefined ? null : compileMessage(definition.send), reply, save }
}
