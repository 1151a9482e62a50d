type Texts = Readonly<Record<string, string>>

/**
 * The claims of a token as the context of its client: the `principalId` is the subject, and no claim of that name, which
 * says nothing of who the client is. `subject` is null for a token without one.
 */
export function claimsContext(claims: Texts, subject: string | null): Texts {
  const { principalId: _, ...others } = claims
  return subject === null ? others : { ...others, principalId: subject }
}
