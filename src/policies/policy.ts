/** A policy that was read without a fault: its statements, compiled. */
export interface Policy {
  readonly statements: readonly Statement[]
}

/** A statement of a policy: says of a request whether it is about it, and what then. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny'
  appliesTo(request: AccessRequest): boolean
}

/** Whoever asks for access, as `Principal` elements and condition keys know them. */
export interface Principal {
  /** `arn:aws:iam::123456789012:user/name`. */
  readonly arn: string
  /** The account, twelve digits. */
  readonly accountId: string
  readonly userName: string
  /** The id of the user or of its access key, `aws:userid`. */
  readonly userId: string
}

/**
 * The value of a condition key, by its name in lower case (`aws:sourceip`): a text, a list for a key of several values,
 * undefined for a key that the request does not have.
 */
export type ConditionKeys = (lowerCaseName: string) => string | readonly string[] | undefined

/** The request that policies decide on. */
export interface AccessRequest {
  /** `execute-api:Invoke`, in any case. */
  readonly action: string
  /** The ARN of what is asked for. */
  readonly resource: string
  /** The caller; null for nobody in particular. */
  readonly principal: Principal | null
  readonly keys: ConditionKeys
}

/** `implicitDeny` where no statement says anything. */
export type Decision = 'allowed' | 'explicitDeny' | 'implicitDeny'

/**
 * Decides by all policies together: one that denies is stronger than any that allow, and what none allows is denied
 * (IAM User Guide, "Policy evaluation logic"). Takes time in proportion to the policies' length times the resource's.
 */
export function evaluatePolicies(policies: readonly Policy[], request: AccessRequest): Decision {
  let decision: Decision = 'implicitDeny'
  for (const { statements } of policies) {
    for (const statement of statements) {
      // An allowance that is already there need not be looked for again.
      if (statement.effect === 'Allow' && decision === 'allowed') continue
      if (!statement.appliesTo(request)) continue
      if (statement.effect === 'Deny') return 'explicitDeny'
      decision = 'allowed'
    }
  }
  return decision
}
