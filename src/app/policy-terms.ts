import type { PolicyTerms } from '../authorizers/policy-access.ts'
import type { Settings } from '../config/settings.ts'

/** The account of ARNs where no settings name one. */
const noAccount = '000000000000'

/** The terms that the settings give to all policies; those of access keys where there are some. */
export function policyTerms(
  { credentials, lambda }: Pick<Settings, 'credentials' | 'lambda'>,
  now: () => number,
): PolicyTerms {
  return {
    accountId: credentials?.accountId ?? noAccount,
    region: credentials?.region ?? lambda.region,
    now,
  }
}
