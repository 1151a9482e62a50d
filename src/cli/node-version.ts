/** The majors that the server underneath has binaries for. */
const supported = ['20', '22']

/**
 * Says in one sentence why this Node.js can't run Postern; null when it can. Imports nothing: it runs before everything
 * else.
 */
export function unsupportedNode(version: string): string | null {
  const major = version.split('.')[0] as string
  if (supported.includes(major)) return null
  return `postern runs on Node.js ${supported.join(' and ')}; this is ${version}.`
}
