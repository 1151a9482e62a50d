/**
 * The calls that backends make under the URL of a stage, by the name that each has in metrics: its method, and its path
 * with the names of what varies in braces, which is how policies and logs name it.
 */
export const callbackOperations = {
  post: ['POST', '/@connections/{connectionId}'],
  get: ['GET', '/@connections/{connectionId}'],
  delete: ['DELETE', '/@connections/{connectionId}'],
  putAttributes: ['PUT', '/@connections/{connectionId}/attributes'],
  postAll: ['POST', '/@connections'],
  getGroups: ['GET', '/@groups'],
  postGroup: ['POST', '/@groups/{group}'],
  getGroup: ['GET', '/@groups/{group}'],
  deleteGroup: ['DELETE', '/@groups/{group}'],
  getMembers: ['GET', '/@groups/{group}/connections'],
  join: ['PUT', '/@groups/{group}/connections/{connectionId}'],
  leave: ['DELETE', '/@groups/{group}/connections/{connectionId}'],
  postUser: ['POST', '/@users/{userId}'],
  getUser: ['GET', '/@users/{userId}'],
  deleteUser: ['DELETE', '/@users/{userId}'],
  joinUser: ['PUT', '/@users/{userId}/groups/{group}'],
  leaveUser: ['DELETE', '/@users/{userId}/groups/{group}'],
  postBatch: ['POST', '/@batch'],
  getReport: ['GET', '/@reports/{reportId}'],
} as const satisfies Readonly<Record<string, readonly [method: string, path: string]>>

export type CallbackOperation = keyof typeof callbackOperations

/** Gives each operation what `make` makes of it. */
export function perOperation<T>(make: (operation: CallbackOperation) => T): Readonly<Record<CallbackOperation, T>> {
  const names = Object.keys(callbackOperations) as CallbackOperation[]
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<CallbackOperation, T>
}
