/** The oldest and the newest major that the tests run on. */
const oldest = 20
const newest = 26

/**
 * Says in one sentence why this Node.js can't run Postern; null when it can. Imports nothing: it runs before everything
 * else.
 */
export function unsupportedNode(version: string): string | null {
  const major = Number.parseInt(version, 10)
  if (major >= oldest && major <= newest) return null
  return `postern runs on Node.js ${oldest} to ${newest}; this is ${version}.`
}
