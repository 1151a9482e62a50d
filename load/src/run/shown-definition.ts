import { shownUrl } from './target-addresses.ts'

const secretName = /authorization|token|secret|passw|credential|api[-_]?key|cookie/i

/** A scenario as a result may keep it: texts under names that speak of secrets are left out, but for templates. */
export function shownDefinition(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => shownDefinition(each, name))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, shownDefinition(each, secretName.test(key) ? key : name)]),
    )
  }
  if (typeof value !== 'string') return value
  if (secretName.test(name)) return /^\s*(\w+\s+)?\{\{[^}]*\}\}\s*$/.test(value) ? value : '…'
  return /^(wss?|https?):\/\//.test(value) ? withoutSecrets(value) : value
}

/** A query of templates alone is kept, so that the result can be run again. */
function withoutSecrets(url: string): string {
  const query = url.slice(url.includes('?') ? url.indexOf('?') : url.length)
  const isTemplate = /^\?(&?[\w-]+=\{\{[^}]*\}\})+$/.test(query)
  return shownUrl(url) + (isTemplate || query === '' ? query : '?…')
}
