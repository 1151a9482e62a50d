import type { ConnectionDescription } from '../vocabulary/connection.ts'

/** The body of GET, in the order and with the spaces of API Gateway. */
export function connectionJson({ sourceIp, userAgent, connectedAt, lastActiveAt }: ConnectionDescription): string {
  return `{
  "identity" : {
    "sourceIp" : ${JSON.stringify(sourceIp)},
    "userAgent" : ${JSON.stringify(userAgent)}
  },
  "connectedAt" : "${new Date(connectedAt).toISOString()}",
  "lastActiveAt" : "${new Date(lastActiveAt).toISOString()}"
}`
}
