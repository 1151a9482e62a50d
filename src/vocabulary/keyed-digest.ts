import { hash, randomBytes } from 'node:crypto'

/**
 * Creates a hash behind a key of its own, under which secrets are kept and compared: the time that a comparison or a
 * look-up takes then tells nothing of them.
 */
export function createKeyedDigest(): (secret: string) => Buffer {
  // A one-shot hash with the key in front costs half of an HMAC; extending a hash helps nobody against an equality.
  const key = randomBytes(32).toString('hex')
  return (secret) => hash('sha256', key + secret, 'buffer')
}
