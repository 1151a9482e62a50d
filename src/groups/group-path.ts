import { type CallbackOperation, callbackOperations } from '../vocabulary/callback-operations.ts'

/** The calls that reach many connections. */
export type GroupOperation = Exclude<CallbackOperation, 'post' | 'get' | 'delete' | 'putAttributes'>

/** A path below a stage that leads to many connections, with what varies in it, decoded once. */
export interface GroupPath {
  /** The operation; null when the path takes other methods only. */
  readonly operation: GroupOperation | null
  /** The name of a group and the id of a user as they are in the path; null where there is none, or it does not decode. */
  readonly group: string | null
  readonly userId: string | null
  readonly connectionId: string | null
}

/** The operations by their method and a path with an empty text for each part that varies. */
const operations = new Map<string, GroupOperation>(
  Object.entries(callbackOperations)
    .filter(([operation]) => isGroupOperation(operation))
    .map(([operation, [method, path]]) => [
      `${method} ${path.replaceAll(/\{[^}]*\}/g, '')}`,
      operation as GroupOperation,
    ]),
)
const shapes = new Set([...operations.keys()].map((key) => key.slice(key.indexOf(' ') + 1)))

function isGroupOperation(operation: string): boolean {
  return !['post', 'get', 'delete', 'putAttributes'].includes(operation)
}

/**
 * Reads the path behind a stage; null when it does not lead to many connections. `@` may be `%40`, as SDKs write it, and
 * the path may begin with two slashes, as that of `@connections`. Names are decoded once, after the path was cut at its
 * slashes: `%2F` is a part of a name.
 */
export function groupPathOf(method: string, rest: string): GroupPath | null {
  const path = rest.startsWith('//') ? rest.slice(1) : rest
  const plain = path.startsWith('/%40') ? `/@${path.slice(4)}` : path
  if (!plain.startsWith('/@')) return null
  const [, first = '', name, second, last, ...more] = plain.split('/')
  if (more.length > 0) return null
  const shape = shapeOf(first, name, second, last)
  if (!shapes.has(shape)) return null
  const isUser = first === '@users'
  return {
    operation: operations.get(`${method} ${shape}`) ?? null,
    group: isUser ? decoded(last) : decoded(name),
    userId: isUser ? decoded(name) : null,
    connectionId: isUser ? null : decoded(last),
  }
}

function shapeOf(first: string, ...[name, second, last]: (string | undefined)[]): string {
  let shape = `/${first}`
  if (name !== undefined) shape += '/'
  if (second !== undefined) shape += `/${second}`
  if (last !== undefined) shape += '/'
  return shape
}

function decoded(part: string | undefined): string | null {
  if (part === undefined) return null
  try {
    return decodeURIComponent(part)
  } catch {
    return null
  }
}
