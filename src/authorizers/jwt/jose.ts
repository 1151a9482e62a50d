type Jose = typeof import('jose')

let loading: Promise<Jose> | null = null

/** Loads the package that verifies signatures, once, when the first token or key needs it: it takes 10 ms and more. */
export function loadJose(): Promise<Jose> {
  loading ??= import('jose')
  return loading
}
