/** One atom: a plain character, an escape that is the same everywhere, or a class of such. */
const atom = String.raw`(?:[^\\^$.|?*+()[\]{}]|\\[dDwWsS.\-/+*?()[\]{}|^$\\]|\[\^?(?:[^\]\\[]|\\[dDwWsS.\-/+*?()[\]{}|^$\\])+\])`
const exactly = String.raw`\{(?<count>\d{1,3})\}`
const token = new RegExp(
  String.raw`(?<group>\((?:\?:)?)|(?<end>\)(?:\{\d{1,3}\})?)|${atom}(?:${exactly}|(?<loop>[*+?]|\{\d{1,3},\d{0,3}\}))?`,
  'y',
)
/** Characters that may be asked for behind the loop: they are tried again for each character that it gives back. */
const maxTail = 64

/**
 * The regular expression of JavaScript for a pattern that it surely matches in a time proportional to the text: one that
 * is tried at the beginning only and has one way to go at each character. Such are most patterns of schemas, and
 * JavaScript matches them many times faster than the bounded engine. Null for any other pattern.
 *
 * One way to go means that there are no alternatives, no references, no look-around, and no loop but one over single
 * characters outside of groups.
 */
export function linearPattern(pattern: string): RegExp | null {
  if (!pattern.startsWith('^')) return null
  const end = pattern.length - (/[^\\]\$$/.test(pattern) ? 1 : 0)
  let depth = 0
  let loops = 0
  let tail = 0
  for (let at = 1; at < end; at = token.lastIndex) {
    token.lastIndex = at
    const found = token.exec(pattern)
    if (found === null || token.lastIndex > end) return null
    const { group, end: groupEnd, loop, count = '1' } = found.groups ?? {}
    if (group !== undefined) depth++
    else if (groupEnd !== undefined) depth--
    else if (loop !== undefined && (depth > 0 || ++loops > 1)) return null
    if (loops > 0) tail += group === undefined && groupEnd === undefined ? Number(count) : maxTail + 1
    if (tail > maxTail) return null
  }
  return compiled(pattern, 'u') ?? compiled(pattern, '')
}

function compiled(pattern: string, flags: string): RegExp | null {
  try {
    return new RegExp(pattern, flags)
  } catch {
    return null
  }
}
