const slash = 47

/**
 * The connection id of `/@connections/{connectionId}`, decoded once, or null when the path is not of this form.
 * SDKs send `/%40connections/L0SM9cOFvHcCIhw%3D`, people and curl the plain letters; behind an endpoint that ends in a
 * slash the path begins with two. Whether the id is one of ours is not asked here; an escape that does not decode
 * leaves it as it came, which no id of ours can be.
 */
export function connectionIdOf(rest: string): string | null {
  const path = rest.charCodeAt(1) === slash ? rest.slice(1) : rest
  const end = path.startsWith('/@connections') ? 13 : path.startsWith('/%40connections') ? 15 : -1
  const start = end + 1
  if (end < 0 || path.charCodeAt(end) !== slash || start === path.length || path.indexOf('/', start) >= 0) return null
  const mark = path.indexOf('%', start)
  if (mark < 0) return path.slice(start)
  if (mark === path.length - 3 && path.endsWith('%3D')) return `${path.slice(start, mark)}=`
  return decodedOrSame(path.slice(start))
}

/** The connection id of `/@connections/{connectionId}/attributes`, under the rules of `connectionIdOf`. */
export function attributesIdOf(rest: string): string | null {
  return rest.endsWith(attributes) ? connectionIdOf(rest.slice(0, -attributes.length)) : null
}

const attributes = '/attributes'

/** The path behind a stage as AWS's 404 names it: without its slash, decoded once; as it came where that can't be. */
export function routeOf(rest: string): string {
  return decodedOrSame(rest.slice(1))
}

function decodedOrSame(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
