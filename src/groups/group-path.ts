import { type CallbackOperation, callbackOperations } from '../vocabulary/callback-operations.ts'

/** The calls that reach many connections. */
export type GroupOperation = Exclude<CallbackOperation, 'post' | 'get' | 'delete' | 'putAttributes'>

/** A path below a stage that leads to many connections, with what varies in it, decoded once. */
export interface GroupPath {
  /** The operation; null when the path takes other methods only. */
  readonly operation: GroupOperation | null
  /** The names and ids as they are in the path; null where there is none, or it does not decode. */
  readonly group: string | null
  readonly userId: string | null
  readonly connectionId: string | null
  readonly reportId: string | null
}

/** The paths of one form, with the operations by their methods. */
interface Shape {
  readonly first: string
  /** The fixed word in the third place; undefined where there are fewer parts. */
  readonly second: string | undefined
  readonly parts: number
  readonly operations: Map<string, GroupOperation>
}

const shapes: Shape[] = []
for (const [operation, [method, path]] of Object.entries(callbackOperations)) {
  if (!isGroupOperation(operation)) continue
  const [first = '', , second] = path.slice('/@'.length).split('/')
  const parts = path.split('/').length - 1
  const known = shapes.find((each) => each.first === first && each.second === second && each.parts === parts)
  if (known === undefined) shapes.push({ first, second, parts, operations: new Map([[method, operation]]) })
  else known.operations.set(method, operation)
}

function isGroupOperation(operation: string): operation is GroupOperation {
  return !['post', 'get', 'delete', 'putAttributes'].includes(operation)
}

/**
 * Reads the path behind a stage; null when it does not lead to many connections. `@` may be `%40`, as SDKs write it, and
 * the path may begin with two slashes, as that of `@connections`. Names are decoded once, after the path was cut at its
 * slashes: `%2F` is a part of a name.
 */
export function groupPathOf(method: string, rest: string): GroupPath | null {
  const start = rest.startsWith('//') ? 1 : 0
  const at = rest.startsWith('/@', start) ? start + 2 : rest.startsWith('/%40', start) ? start + 4 : -1
  // The calls of one connection are the usual ones.
  if (at < 0 || rest.startsWith('connections/', at)) return null
  const parts = rest.slice(at).split('/')
  const [first, name, second, last] = parts
  for (const shape of shapes) {
    if (shape.parts !== parts.length || shape.first !== first || shape.second !== second) continue
    const isUser = first === 'users'
    const isReport = first === 'reports'
    return {
      operation: shape.operations.get(method) ?? null,
      group: isUser ? decoded(last) : isReport ? null : decoded(name),
      userId: isUser ? decoded(name) : null,
      connectionId: isUser ? null : decoded(last),
      reportId: isReport ? decoded(name) : null,
    }
  }
  return null
}

function decoded(part: string | undefined): string | null {
  if (part === undefined) return null
  if (!part.includes('%')) return part
  try {
    return decodeURIComponent(part)
  } catch {
    return null
  }
}
