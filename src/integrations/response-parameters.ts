import { type AnswerInput, compileAnswerSource, ofEvent } from '../mapping/answer-source.ts'
import { compileCommonSource, type ParameterSource, ParameterSourceError } from '../mapping/parameter-mapping.ts'
import type { ReportFault } from './contract.ts'

/** A header of the result: the client sees it where an answer has headers, in a handshake. */
export interface ResponseParameter {
  readonly name: string
  readonly source: ParameterSource<AnswerInput>
}

const target = /^(?:method|route)\.response\.header\.([A-Za-z0-9!#$%&'*+.^_`|~-]+)$/

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
