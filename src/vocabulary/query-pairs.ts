/** The names and values of a query as on the wire, each through `read`, in their order; a name without `=` has an empty value. */
export function queryPairs(query: string, read: (text: string) => string): [name: string, value: string][] {
  if (query === '') return []
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=')
      return equals < 0 ? [read(pair), ''] : [read(pair.slice(0, equals)), read(pair.slice(equals + 1))]
    })
}

/** Names and values decoded as a form (`+` is a space); a sequence that is not percent-encoded UTF-8 stays as it is. */
export function decodedQuery(query: string): [name: string, value: string][] {
  return queryPairs(query, decode)
}

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}
