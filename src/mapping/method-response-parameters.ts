import type { MethodEvent } from '../events/method-event.ts'
import { type HeaderList, isSafeHeader, readAs } from '../vocabulary/headers.ts'
import { checkHeaderName, compileChange, compileNamedChanges, type NamedChange } from './method-parameters.ts'
import { compileMethodValue, type MethodAnswer, type MethodValue } from './method-values.ts'
import { ParameterSourceError } from './parameter-mapping.ts'

/** The changes that an integration of an HTTP API makes to answers with some statuses. */
export interface ResponseChanges {
  /** Gives the answer that the client gets; the same one where nothing changes its status. */
  apply<Answer extends MethodAnswer & { readonly status: number }>(
    event: MethodEvent,
    answer: Answer,
  ): Answer | ChangedAnswer
}

/** An answer with changes. */
export interface ChangedAnswer extends MethodAnswer {
  readonly status: number
}

export interface CompiledResponseChanges {
  /** The changes; null where the definition has none. */
  readonly changes: ResponseChanges | null
  readonly faults: readonly { readonly path: readonly string[]; readonly message: string }[]
}

/** The changes of one status. */
type Change = (event: MethodEvent, answer: ChangedAnswer) => ChangedAnswer

const responseKey = /^(?:(append|overwrite|remove):header\.(.+)|overwrite:statuscode)$/s
const allowedKeys = 'allowed: append:, overwrite: or remove: with header.<name>, and overwrite:statuscode'
const statusPattern = /^[2-5]\d\d$/

/**
 * Compiles `responseParameters` of an HTTP API, by the status of the answer ("Transform API requests and responses for
 * HTTP APIs in API Gateway"). Values are read of the answer as it came. Never throws.
 */
export function compileResponseChanges(
  responseParameters: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined,
  stageVariables: Readonly<Record<string, string>>,
): CompiledResponseChanges {
  const faults: { path: string[]; message: string }[] = []
  const byStatus = new Map<number, Change>()
  for (const [status, parameters] of Object.entries(responseParameters ?? {})) {
    if (!statusPattern.test(status)) faults.push({ path: [status], message: 'allowed: a status from 200 to 599' })
    const report = (key: string, message: string) => void faults.push({ path: [status, key], message })
    const change = compileStatus(parameters, stageVariables, report)
    if (change !== null) byStatus.set(Number(status), change)
  }
  if (byStatus.size === 0) return { changes: null, faults }
  return {
    faults,
    changes: { apply: (event, answer) => byStatus.get(answer.status)?.(event, answer) ?? answer },
  }
}

function compileStatus(
  parameters: Readonly<Record<string, string>>,
  stageVariables: Readonly<Record<string, string>>,
  report: (key: string, message: string) => void,
): Change | null {
  const changes: NamedChange[] = []
  let status: MethodValue | null = null
  for (const [key, text] of Object.entries(parameters)) {
    try {
      const compile = (value: string) => compileMethodValue(value, 'response', stageVariables)
      const match = responseKey.exec(key)
      if (match === null) throw new ParameterSourceError(allowedKeys)
      const [, operation, name = ''] = match
      if (operation === undefined) status = compileStatusValue(compile(text))
      else {
        checkHeaderName(name)
        changes.push(compileChange(operation as NamedChange['operation'], name, text, compile))
      }
    } catch (error) {
      if (!(error instanceof ParameterSourceError)) throw error
      report(key, error.message)
    }
  }
  if (status === null && changes.length === 0) return null
  const { drops, added } = compileNamedChanges(changes, readAs)
  return (event, answer) => {
    const input = { event, answer }
    const headers: HeaderList = [
      ...answer.headers.filter(([name]) => !drops(name)),
      ...added(input).filter(([name, value]) => isSafeHeader(name, value)),
    ]
    const text = status?.read(input) ?? ''
    return { status: statusPattern.test(text) ? Number(text) : answer.status, headers, body: answer.body }
  }
}

function compileStatusValue(value: MethodValue): MethodValue {
  if (value.constant === null || statusPattern.test(value.constant)) return value
  throw new ParameterSourceError('allowed: a status from 200 to 599, or a variable')
}
