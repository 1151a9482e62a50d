import type { ConnectionEvent } from '../events/event.ts'
import { type HeaderList, lastHeader } from '../vocabulary/headers.ts'
import { compileBodyPath, type ParameterSource, ParameterSourceError, readBodyPath } from './parameter-mapping.ts'

/** An integration's answer to an event, with all that a mapping may read of it. */
export interface AnswerInput {
  readonly event: ConnectionEvent
  readonly headers: HeaderList
  /** The answer's JSON value, parsed when it is first asked for; undefined when it is not JSON. */
  readonly json: () => unknown
  /** The same with all that JavaScript loses of it (`exactJson`). */
  readonly exactJson: () => unknown
}

const headerSource = /^integration\.response\.(header|multivalueheader)\.(.+)$/
const bodySource = /^integration\.response\.body(?:\.(.+)|(\[.+))?$/s

/** A source of the event, for where an answer is read as well. */
export function ofEvent({ constant, read }: ParameterSource<ConnectionEvent>): ParameterSource<AnswerInput> {
  return { constant, read: ({ event }) => read(event) }
}

/** Compiles `integration.response.…`, or throws a `ParameterSourceError` that names what is allowed there as well. */
export function compileAnswerSource(text: string): ParameterSource<AnswerInput> {
  const [, kind, header] = headerSource.exec(text) ?? []
  if (header !== undefined)
    return { constant: null, read: headerReader(kind === 'multivalueheader', header.toLowerCase()) }
  const body = bodySource.exec(text)
  if (body === null) {
    throw new ParameterSourceError(
      "allowed: integration.response.header.<name>, …multivalueheader.<name>, …body.<JSONPath>, context.<variable>, stageVariables.<name> and 'text' in single quotes",
    )
  }
  const path = compileBodyPath(body[1] === undefined ? `$${body[2] ?? ''}` : `$.${body[1]}`)
  return { constant: null, read: ({ json, exactJson }) => readBodyPath(path, json(), exactJson) }
}

function headerReader(all: boolean, lowerCase: string): (input: AnswerInput) => string | null {
  if (!all) return ({ headers }) => lastHeader(headers, lowerCase) ?? null
  return ({ headers }) => {
    const values = headers.filter(([name]) => name.toLowerCase() === lowerCase).map(([, value]) => value)
    return values.length === 0 ? null : values.join(',')
  }
}
