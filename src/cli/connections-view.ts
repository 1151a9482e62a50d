import { printable } from 'postern-documents/printable'
import type { ShownConnection } from './management-client.ts'
import { ageText, plainTable } from './plain-table.ts'

const maxUserAgent = 40
const head = ['CONNECTION ID', 'API', 'STAGE', 'AGE', 'SOURCE IP', 'PRINCIPAL', 'USER AGENT']

export function connectionsTable(connections: readonly ShownConnection[], now: number): string {
  const rows = connections.map(({ connectionId, apiId, stage, connectedAt, sourceIp, authorizer, userAgent }) => [
    connectionId,
    apiId,
    stage,
    ageText(now - Date.parse(connectedAt)),
    sourceIp,
    authorizer?.principalId ?? '-',
    cut(userAgent ?? '-'),
  ])
  return plainTable(head, rows)
}

/** The text of one connection, a member a line. */
export function connectionLines(connection: ShownConnection): string {
  const { authorizer, ...members } = connection
  const rows = [
    ...Object.entries(members),
    ...Object.entries(authorizer ?? {}).map(([name, value]) => [`authorizer.${name}`, value] as const),
  ].map(([name, value]) => [printable(name), printable(String(value ?? '-'))] as const)
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')
}

function cut(text: string): string {
  return text.length > maxUserAgent ? `${text.slice(0, maxUserAgent - 1)}…` : text
}
