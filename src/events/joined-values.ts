import type { HeaderList } from '../vocabulary/headers.ts'

/** The headers of an event of format 2.0: names in lower case, several values with commas between them, no `Cookie`. */
export function joinedHeaders(headers: HeaderList): Record<string, string> {
  return joinedValues(headers.filter((header) => !isCookie(header)).map(([name, value]) => [name.toLowerCase(), value]))
}

/** The cookies of an event of format 2.0, each as `name=value`, in the order in which they came. */
export function cookiesOf(headers: HeaderList): string[] {
  return headers.filter(isCookie).flatMap(([, value]) => value.split(/; */).filter((each) => each !== ''))
}

function isCookie([name]: HeaderList[number]): boolean {
  return name.length === 6 && name.toLowerCase() === 'cookie'
}

/** A map of names to all of their values, with commas between them; any name may be in it. */
export function joinedValues(pairs: HeaderList): Record<string, string> {
  const map: Record<string, string> = Object.create(null)
  for (const [name, value] of pairs) map[name] = name in map ? `${map[name]},${value}` : value
  return map
}
