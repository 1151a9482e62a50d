const reference = /\$\{stageVariables\.(\w+)\}/g

/** A text with its `${stageVariables.name}` replaced, and the names that the stage doesn't have (which are empty). */
export function replaceStageVariables(
  text: string,
  variables: Readonly<Record<string, string>>,
): { readonly text: string; readonly missing: readonly string[] } {
  const missing: string[] = []
  const replaced = text.replace(reference, (_, name: string) => {
    if (Object.hasOwn(variables, name)) return variables[name] as string
    missing.push(name)
    return ''
  })
  return { text: replaced, missing }
}
