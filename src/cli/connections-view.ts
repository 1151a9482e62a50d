import { printable } from 'postern-documents/printable'
import type { ShownConnection } from './management-client.ts'
import { ageText, plainTable } from './plain-table.ts'

const maxUserAgent = 40
const head = ['CONNECTION ID', 'API', 'STAGE', 'AGE', 'SOURCE IP', 'USER', 'USER AGENT']

export function connectionsTable(connections: readonly ShownConnection[], now: number): string {
  const rows = connections.map((connection) => [
    connection.connectionId,
    connection.apiId,
    connection.stage,
    ageText(now - Date.parse(connection.connectedAt)),
    connection.sourceIp,
    userOf(connection) ?? '-',
    cut(connection.userAgent ?? '-'),
  ])
  return plainTable(head, rows)
}

function userOf({ userId, authorizer }: ShownConnection): string | null | undefined {
  return userId === undefined ? authorizer?.principalId : userId
}

/** The text of one connection, a member a line. */
export function connectionLines(connection: ShownConnection): string {
  const { authorizer, attributes, ...members } = connection
  const rows = [
    ...Object.entries(members),
    ...Object.entries(authorizer ?? {}).map(([name, value]) => [`authorizer.${name}`, value] as const),
    ...Object.entries(attributes ?? {}).map(([name, value]) => [`attributes.${name}`, value] as const),
  ].map(([name, value]) => [printable(name), printable(String(value ?? '-'))] as const)
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')
}

function cut(text: string): string {
  return text.length > maxUserAgent ? `${text.slice(0, maxUserAgent - 1)}…` : text
}
