/**
 * The route for a request, found by trying all: one key at a time, each on its own, with the order of the answers written
 * down as a comparison. It is what `createRouteTable` is held to.
 */
export function naiveRoute(keys: readonly string[], method: string, path: string) {
  const found = strictly(keys, method, path)
  if (found !== null || path === '/' || !path.endsWith('/')) return found
  return strictly(
    keys.filter((key) => !key.endsWith('+}')),
    method,
    path.slice(0, -1),
  )
}

function strictly(keys: readonly string[], method: string, path: string) {
  const fitting = keys.flatMap((key) => answerOf(key, method, path) ?? [])
  const best = fitting.sort((a, b) => (a.rank < b.rank ? -1 : 1))[0]
  if (best !== undefined) return { route: best.route, pathParameters: best.pathParameters }
  return keys.includes('$default') ? { route: '$default', pathParameters: null } : null
}

/** How a key fits a request; the smaller its rank, the better. Null where it does not. */
function answerOf(key: string, method: string, path: string) {
  const [ofMethod, ofPath = ''] = key.split(' ')
  if (ofMethod !== method && ofMethod !== 'ANY') return null
  const pattern = ofPath === '/' ? [] : ofPath.slice(1).split('/')
  const segments = path === '/' ? [] : path.slice(1).split('/')
  const isGreedy = ofPath.endsWith('+}')
  let rank = isGreedy ? '1' : '0'
  const parameters: Record<string, string> = {}
  for (const [level, part] of pattern.entries()) {
    const segment = segments[level]
    if (part.endsWith('+}')) {
      const rest = segments.slice(level).join('/').replace(/^\/+/, '')
      if (rest === '') return null
      parameters[part.slice(1, -2)] = rest
      rank += '2'
    } else if (part.startsWith('{')) {
      if (segment === undefined || segment === '') return null
      parameters[part.slice(1, -1)] = segment
      rank += '1'
    } else if (part === segment) rank += '0'
    else return null
  }
  if (!isGreedy && segments.length > pattern.length) return null
  const pathParameters = Object.keys(parameters).length === 0 ? null : parameters
  return { route: key, pathParameters, rank: `${rank}${ofMethod === 'ANY' ? 'b' : 'a'}` }
}
