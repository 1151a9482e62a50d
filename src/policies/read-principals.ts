import type { Principal } from './policy.ts'
import { isObject, type PolicyFault, type ReadContext, textsOf } from './read-context.ts'

/** Says whether a caller is among principals; null is a caller who is nobody in particular. */
export type PrincipalTest = (caller: Principal | null) => boolean

/**
 * Reads a `Principal` or `NotPrincipal` element ("AWS JSON policy elements: Principal"): `*`, or an object of kinds.
 * Callers here are users of accounts, so that principals of other kinds (services, federated ones) are nobody. Faults
 * are reported.
 */
export function readPrincipals(value: unknown, path: PolicyFault['path'], context: ReadContext): PrincipalTest {
  if (value === '*') return () => true
  if (!isObject(value) || Object.keys(value).length === 0) {
    context.report(path, `allowed: "*", or {"AWS": …} with ${allowed}`)
    return () => false
  }
  const tests: PrincipalTest[] = []
  for (const [kind, names] of Object.entries(value)) {
    const at = [...path, kind]
    if (!kinds.includes(kind)) context.report(at, `no such kind of principal; allowed: ${kinds.join(', ')}`)
    for (const { text, at: place } of textsOf(names, at, context)) {
      if (kind !== 'AWS') continue
      const test = testOf(text)
      if (test === null) context.report(place, `allowed: ${allowed}`)
      else tests.push(test)
    }
  }
  return (caller) => tests.some((test) => test(caller))
}

const kinds = ['AWS', 'Service', 'Federated', 'CanonicalUser']
const allowed = 'an account of twelve digits, the ARN of a user or of an account (…:root), or * for everybody'

function testOf(name: string): PrincipalTest | null {
  if (name === '*') return () => true
  const [, account] = /^(?:arn:aws[\w-]*:iam::)?(\d{12})(?::root)?$/.exec(name) ?? []
  if (account !== undefined && (name === account || name.endsWith(':root')))
    return (caller) => caller?.accountId === account
  // No wildcards but the lone one, as at AWS: half of an ARN names too many.
  return /^arn:aws[\w-]*:(?:iam|sts)::\d{12}:[\w+=,.@/-]+$/.test(name) ? (caller) => caller?.arn === name : null
}
