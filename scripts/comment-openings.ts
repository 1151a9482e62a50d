/**
 * Words that no doc comment begins with: such a sentence leaves its noun to the name below it ("Of the worker; null
 * when …"), so that nobody understands it alone.
 */
const refusedOpenings: ReadonlySet<string> = new Set([
  ...['As', 'At', 'By', 'For', 'From', 'In', 'Like', 'Not', 'Of', 'To', 'Until', 'With'],
  ...['How', 'What', 'When', 'Where', 'Who', 'Whom', 'Why'],
  ...['False', 'Its', 'Nobody', 'None', 'Null', 'Their', 'Those', 'Told', 'True', 'Undefined'],
])

/** The first word of a doc comment that begins on a line of its own. */
const opening = /^[ \t]*\/\*\*[ \t]*(?:\n[ \t]*\*[ \t]*)?([A-Za-z]+)(?=[ ,;:.])/gm

/** Every doc comment of the given sources, by their paths, that begins with a refused word; a line each. */
export function commentFaults(sources: ReadonlyMap<string, string>): string[] {
  return [...sources].flatMap(([file, source]) =>
    [...source.matchAll(opening)].flatMap((match) => {
      const word = match[1] as string
      if (!refusedOpenings.has(word)) return []
      const line = source.slice(0, match.index + match[0].length).split('\n').length
      return [`${file}:${line}: a doc comment begins with "${word}"; name the thing first, or say what it does`]
    }),
  )
}
