import { evaluatePolicies, type Policy } from '../../policies/policy.ts'
import { executeApiArn } from '../../vocabulary/arns.ts'
import { lastHeader } from '../../vocabulary/headers.ts'
import type {
  AuthorizerFault,
  AuthorizerResult,
  AuthorizerScope,
  MethodAuthorizer,
  MethodRequest,
} from '../contract.ts'
import { methodAccess } from '../method-access.ts'
import { accessRequest, type PolicyTerms, policyFacts, policyRefusal } from '../policy-access.ts'
import { type Asked, createAnswerCache, type IdentityValues } from './answer-cache.ts'
import { askDecider, unauthorized } from './ask-decider.ts'
import { type Decider, type DeciderParts, findDecider } from './deciders.ts'
import type { MethodAnswer, ReadAnswer } from './method-answers.ts'

/** The members that definitions of authorizers of methods share. */
export interface MethodAuthorizerMembers {
  /** A function, in one of the forms of an `integrationUri`, or an HTTP endpoint. */
  readonly authorizerUri: string
  /** Seconds that an answer is remembered, 0 to 3600; 0 for not at all. */
  readonly authorizerResultTtlInSeconds?: number | undefined
  /** Beyond AWS. */
  readonly timeoutInMillis?: number | undefined
}

export interface MethodAuthorizerOptions extends DeciderParts, PolicyTerms {
  /** A monotonic clock, in milliseconds. */
  readonly clock: () => number
}

/** The kind of an authorizer of methods: what it asks for, what it asks with, and how an answer is read. */
export interface MethodAuthorizerKind {
  readonly defaultTtlInSeconds: number
  readonly defaultTimeoutInMillis: number
  /** Whether answers may be remembered at all: without anything that tells identities apart they are everybody's. */
  readonly isCacheable: boolean
  /** Reads what tells a client apart from others; null for one that is refused without a call. */
  identify(request: MethodRequest): IdentityValues | null
  /** The event as JSON text. */
  eventText(methodArn: string, request: MethodRequest, identity: IdentityValues): string
  readonly readAnswer: ReadAnswer
}

/** An authorizer of methods, compiled; nothing is held yet that would have to be given back. */
export type CompiledMethodAuthorizer =
  | { readonly faults: null; open(): MethodAuthorizer }
  | { readonly faults: readonly AuthorizerFault[] }

/** Seconds of the longest time that an answer may be remembered ("Authorizer", `authorizerResultTtlInSeconds`). */
const maxTtlInSeconds = 3_600

/** Answers of one authorizer that are remembered at a time, and the bytes of their texts. */
const maxAnswers = 10_000
const maxAnswerBytes = 8 * 1024 * 1024

/** Compiles an authorizer of methods of one stage; `faults` are those that its kind has found already. */
export function compileMethodAuthorizer(
  members: MethodAuthorizerMembers,
  kind: MethodAuthorizerKind,
  faults: readonly AuthorizerFault[],
  scope: AuthorizerScope,
  options: MethodAuthorizerOptions,
): CompiledMethodAuthorizer {
  const { authorizerResultTtlInSeconds: ttlInSeconds = kind.defaultTtlInSeconds } = members
  const { authorizerUri, timeoutInMillis = kind.defaultTimeoutInMillis } = members
  const found = [...faults]
  if (!Number.isInteger(ttlInSeconds) || ttlInSeconds < 0 || ttlInSeconds > maxTtlInSeconds) {
    found.push({ path: ['authorizerResultTtlInSeconds'], message: `allowed: 0 to ${maxTtlInSeconds}` })
  }
  const open = findDecider(authorizerUri, timeoutInMillis, scope, options)
  if (typeof open === 'string') found.push({ path: ['authorizerUri'], message: open })
  if (typeof open === 'string' || found.length > 0) return { faults: found }
  return {
    faults: null,
    open: () => createMethodAuthorizer({ decider: open(), kind, ttlInSeconds, scope, options }),
  }
}

interface MethodAuthorizerParts {
  readonly decider: Decider
  readonly kind: MethodAuthorizerKind
  readonly ttlInSeconds: number
  readonly scope: AuthorizerScope
  readonly options: MethodAuthorizerOptions
}

function createMethodAuthorizer(parts: MethodAuthorizerParts): MethodAuthorizer {
  const { decider, kind, ttlInSeconds, scope, options } = parts
  const { region, accountId, clock } = options
  const policies: readonly Policy[] = scope.policy ? [scope.policy] : []
  const limits = { maxEntries: maxAnswers, maxBytes: maxAnswerBytes }
  const isCaching = kind.isCacheable && ttlInSeconds > 0
  const cache = isCaching ? createAnswerCache<MethodAnswer>({ ...limits, ttlInSeconds, clock }) : null

  async function ask(request: MethodRequest, resource: string, identity: IdentityValues): Promise<Asked<MethodAnswer>> {
    const event = kind.eventText(executeApiArn(region, accountId, resource), request, identity)
    const answer = await askDecider(decider, event, request)
    if (typeof answer !== 'string') return { answer: () => answer, bytes: null }
    return { answer: kind.readAnswer(answer), bytes: Buffer.byteLength(answer) }
  }

  return {
    authorize(request) {
      const access = methodAccess(scope, request.method, request.path)
      const asked = accessRequest(options, policyFacts(headersOf(request), request.client), access, null)
      // "How API Gateway resource policies affect authorization workflow": its explicit denials come first.
      if (policies.length > 0 && evaluatePolicies(policies, asked) === 'explicitDeny') {
        return { allowed: false, ...policyRefusal('explicitDeny', options, access, null) }
      }
      const identity = kind.identify(request)
      if (identity === null) return unauthorized
      const judge = (answer: MethodAnswer): AuthorizerResult => answer(asked, policies)
      if (cache === null) return ask(request, access.resource, identity).then(({ answer }) => judge(answer))
      const answer = cache.find(identity, () => ask(request, access.resource, identity))
      return answer instanceof Promise ? answer.then(judge) : judge(answer)
    },
    flush: () => cache?.flush(),
    close: () => decider.close(),
  }
}

function headersOf({ headers }: MethodRequest) {
  return { header: (lowerCaseName: string) => lastHeader(headers, lowerCaseName) ?? '' }
}
