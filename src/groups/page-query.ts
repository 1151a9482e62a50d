/** The page of a listing that a caller wants. */
export interface PageQuery {
  /** Number of entries at most, 1 to 1000. */
  readonly maxResults: number
  /** The `nextToken` of the page before; null for the first. */
  readonly nextToken: string | null
}

const usualResults = 100
const mostResults = 1_000

/** Reads `maxResults` and `nextToken`, AWS's words for pages; gives one sentence when one of them is wrong. */
export function pageOfQuery(query: string): PageQuery | string {
  const parameters = new URLSearchParams(query)
  const given = parameters.get('maxResults')
  const maxResults = given === null ? usualResults : /^\d{1,4}$/.test(given) ? Number(given) : 0
  if (maxResults < 1 || maxResults > mostResults) return `maxResults is 1 to ${mostResults}`
  return { maxResults, nextToken: parameters.get('nextToken') || null }
}
