/**
 * Arguments of Node.js with which a process, in whatever folder, runs the sources: TypeScript as it is, and of the
 * workspaces `src/` instead of what was built.
 */
export const fromSource: readonly string[] = [
  ...['--import', import.meta.resolve('tsx')],
  ...['--conditions', 'postern-source'],
]
