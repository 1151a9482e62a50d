/**
 * Whether processes of such a Node can listen on one port each for itself: `reusePort` of `net.Server.listen` came
 * with 22.12 and 23.1, and works where the system spreads connections (Linux; Node's page "Net").
 */
export function canSharePort(nodeVersion: string, platform: string): boolean {
  if (platform !== 'linux') return false
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)
}
