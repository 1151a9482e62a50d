import { maxAudienceNameBytes } from '../vocabulary/audience-name.ts'
import { type ConnectionId, ownerOfConnectionId } from '../vocabulary/ids.ts'

/** Gives the connection behind which a listing of members goes on; throws a RangeError for what is none. */
export function readMemberCursor(cursor: string): ConnectionId {
  if (ownerOfConnectionId(cursor) === -1) throw foreignCursor()
  return cursor
}

/** Writes the place behind a group in a listing by name. */
export function encodeName(name: string): string {
  return Buffer.from(name).toString('base64url')
}

/** Gives the name behind which a listing of groups goes on; throws a RangeError for what `encodeName` never wrote. */
export function decodeName(cursor: string): string {
  if (cursor.length > 2 * maxAudienceNameBytes) throw foreignCursor()
  const name = Buffer.from(cursor, 'base64url').toString()
  if (name === '' || encodeName(name) !== cursor) throw foreignCursor()
  return name
}

/** The error for a cursor that no listing gave out. */
export function foreignCursor(): RangeError {
  return new RangeError('The cursor is not one that a listing gave out')
}
