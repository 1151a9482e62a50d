/** About as many bytes as a value of an envelope takes there, and rather more. */
export function wireSize(value: unknown): number {
  if (typeof value === 'string') return 8 + 3 * value.length
  if (typeof value !== 'object' || value === null) return 10
  if (value instanceof Uint8Array) return 8 + value.length
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + wireSize(each), 8)
  return Object.entries(value).reduce((sum, [key, each]) => sum + wireSize(key) + wireSize(each), 8)
}
