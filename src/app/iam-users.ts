import { createHash } from 'node:crypto'
import type { AccessKey, IamUser } from '../authorizers/iam/access-keys.ts'
import type { Settings } from '../config/settings.ts'

/** The access keys of the settings, each with the user whose it is. */
export function accessKeysOf({ credentials }: Pick<Settings, 'credentials'>): AccessKey[] {
  if (credentials === null) return []
  const { accountId, users } = credentials
  return users.flatMap(({ userName, accessKeys, policies }) => {
    const user: IamUser = { principal: principalOf(accountId, userName), policies }
    return accessKeys.map((key) => ({ ...key, user }))
  })
}

/**
 * The user as policies and events know him. His id is made of his ARN, so that it stays the same: AWS gives such ids by
 * chance, and never again to another user of the same name ("IAM identifiers", unique IDs).
 */
function principalOf(accountId: string, userName: string): IamUser['principal'] {
  const arn = `arn:aws:iam::${accountId}:user/${userName}`
  const digits = BigInt(`0x${createHash('sha256').update(arn).digest('hex')}`).toString(36)
  return { arn, accountId, userName, userId: `AIDA${digits.toUpperCase().slice(0, 17)}` }
}
