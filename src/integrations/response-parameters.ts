import type { ConnectionEvent } from '../events/event.ts'
import {
  compileBodyPath,
  compileCommonSource,
  type ParameterSource,
  ParameterSourceError,
  readBodyPath,
} from '../mapping/parameter-mapping.ts'
import { type HeaderList, lastHeader } from '../vocabulary/headers.ts'
import type { ReportFault } from './contract.ts'

/** The values that `responseParameters` may read. */
export interface ResponseParameterInput {
  readonly event: ConnectionEvent
  readonly headers: HeaderList
  /** The answer's JSON value, parsed when it is first asked for; undefined when it is not JSON. */
  readonly json: () => unknown
  /** The same with all that JavaScript loses of it (`exactJson`). */
  readonly exactJson: () => unknown
}

/** A header of the result: the client sees it where an answer has headers, in a handshake. */
export interface ResponseParameter {
  readonly name: string
  readonly source: ParameterSource<ResponseParameterInput>
}

const target = /^(?:method|route)\.response\.header\.([A-Za-z0-9!#$%&'*+.^_`|~-]+)$/
const headerSource = /^integration\.response\.(header|multivalueheader)\.(.+)$/
const bodySource = /^integration\.response\.body(?:\.(.+)|(\[.+))?$/s

/**
 * Compiles `responseParameters` (`IntegrationResponse` of apigatewayv2): `method.response.header.…` from a source. Each
 * that can't be compiled is reported below `path`, and left out.
 */
export function compileResponseParameters(
  definitions: Readonly<Record<string, string>> | undefined,
  stageVariables: Readonly<Record<string, string>>,
  path: readonly (string | number)[],
  report: ReportFault,
): readonly ResponseParameter[] {
  const parameters: ResponseParameter[] = []
  for (const [key, text] of Object.entries(definitions ?? {})) {
    const name = target.exec(key)?.[1]
    if (name === undefined) {
      report([...path, key], 'allowed: method.response.header.<name>')
      continue
    }
    try {
      const common = compileCommonSource(text, stageVariables)
      parameters.push({ name, source: common === null ? compileAnswerSource(text) : ofEvent(common) })
    } catch (error) {
      if (!(error instanceof ParameterSourceError)) throw error
      report([...path, key], error.message)
    }
  }
  return parameters
}

function ofEvent({ constant, read }: ParameterSource<ConnectionEvent>): ParameterSource<ResponseParameterInput> {
  return { constant, read: ({ event }) => read(event) }
}

function compileAnswerSource(text: string): ParameterSource<ResponseParameterInput> {
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

function headerReader(all: boolean, lowerCase: string): (input: ResponseParameterInput) => string | null {
  if (!all) return ({ headers }) => lastHeader(headers, lowerCase) ?? null
  return ({ headers }) => {
    const values = headers.filter(([name]) => name.toLowerCase() === lowerCase).map(([, value]) => value)
    return values.length === 0 ? null : values.join(',')
  }
}
