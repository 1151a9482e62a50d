/** Names that a fault lists at most: among more nobody finds the one that was meant. */
const maxListed = 20

/**
 * The valid names as a fault shows them: all, or of very many the first and how many more; nothing where one of very many
 * is suggested, since that says more.
 */
export function listedNames(names: readonly string[], suggestion: string | undefined): string | undefined {
  if (names.length <= maxListed) return names.join(', ')
  if (suggestion !== undefined) return undefined
  return `${names.slice(0, maxListed).join(', ')} and ${names.length - maxListed} more`
}
