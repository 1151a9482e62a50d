import type { IntegrationResult } from './contract.ts'
import {
  exactMember,
  malformed,
  nameOf,
  parseResult,
  quote,
  readBody,
  readHeaders,
  readStatus,
} from './result-members.ts'

const allowedMembers = new Set(['statusCode', 'headers', 'multiValueHeaders', 'body', 'isBase64Encoded'])

/**
 * Reads what a function behind a proxy integration returned ("Output format of a Lambda function for proxy
 * integration"). Anything else than that format throws MALFORMED_PROXY_RESPONSE with a detail that says which member
 * is wrong, since AWS's bare 502 leaves people guessing.
 */
export function readProxyResult(payload: string, nullFunctionResult: 'ERROR' | 'SILENCE'): IntegrationResult {
  const result = parseResult(payload)
  if (result === null && nullFunctionResult === 'SILENCE') return { status: 200, headers: [], body: '' }
  if (typeof result !== 'object' || result === null || Array.isArray(result)) {
    throw malformed(`the result is ${nameOf(result)}, not an object with a statusCode`)
  }
  // A Map, since the names are the function's: `constructor` is then no member unless it is one.
  const members = new Map<string, unknown>(Object.entries(result))
  for (const name of members.keys()) {
    if (!allowedMembers.has(name)) {
      throw malformed(`the result has the member ${quote(name)}; allowed are ${[...allowedMembers].join(', ')}`)
    }
  }
  return {
    status: readStatus(members.get('statusCode')),
    headers: readHeaders(
      exactMember(payload, 'headers', members.get('headers')),
      exactMember(payload, 'multiValueHeaders', members.get('multiValueHeaders')),
    ),
    body: readBody(members.get('body'), members.get('isBase64Encoded')),
  }
}
