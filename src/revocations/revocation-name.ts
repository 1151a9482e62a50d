import { type Revocation, type RevocationName, type RevokedKind, revokedKinds } from './contract.ts'

/** A name as one text, which no other name has. */
export function nameText({ kind, value, apiId }: RevocationName): string {
  return JSON.stringify(apiId === null ? [kind, value] : [kind, value, apiId])
}

/** Reads the text of a name; null for what is none. */
export function readNameText(text: string): RevocationName | null {
  try {
    const [kind, value, apiId = null] = JSON.parse(text) as unknown[]
    const isName = isKind(kind) && typeof value === 'string' && (apiId === null || typeof apiId === 'string')
    return isName ? { kind, value, apiId } : null
  } catch {
    return null
  }
}

/** The rest of a revocation as one text, as stores keep it. */
export function revocationText({ revokedAt, expiresAt, reason }: Revocation): string {
  return JSON.stringify([revokedAt, expiresAt, reason])
}

/** Reads a revocation from the text of its name and that of the rest; null for what is none. */
export function readRevocation(name: string, text: string): Revocation | null {
  const named = readNameText(name)
  try {
    const [revokedAt, expiresAt, reason] = JSON.parse(text) as unknown[]
    if (named === null || typeof revokedAt !== 'number' || typeof expiresAt !== 'number') return null
    return { ...named, revokedAt, expiresAt, reason: typeof reason === 'string' ? reason : null }
  } catch {
    return null
  }
}

function isKind(value: unknown): value is RevokedKind {
  return revokedKinds.some((kind) => kind === value)
}
