import Table from 'cli-table3'
import type { ShownConnection } from './management-client.ts'

const maxUserAgent = 40

/** Connections as a table without rules, so that it can be cut up by a pipe too. */
export function connectionsTable(connections: readonly ShownConnection[], now: number): string {
  const none = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', mid: '', 'left-mid': '', 'mid-mid': '' }
  const edges = { bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '', left: '', right: '' }
  const table = new Table({
    head: ['CONNECTION ID', 'API', 'STAGE', 'AGE', 'SOURCE IP', 'PRINCIPAL', 'USER AGENT'],
    chars: { ...none, ...edges, 'right-mid': '', middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const { connectionId, apiId, stage, connectedAt, sourceIp, authorizer, userAgent } of connections) {
    const cells = [
      connectionId,
      apiId,
      stage,
      ageText(now - Date.parse(connectedAt)),
      sourceIp,
      authorizer?.principalId ?? '-',
      cut(userAgent ?? '-'),
    ]
    table.push(cells.map(printable))
  }
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`
}

/** One connection, a member a line. */
export function connectionLines(connection: ShownConnection): string {
  const { authorizer, ...members } = connection
  const rows = [
    ...Object.entries(members),
    ...Object.entries(authorizer ?? {}).map(([name, value]) => [`authorizer.${name}`, value] as const),
  ].map(([name, value]) => [printable(name), printable(String(value ?? '-'))] as const)
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')
}

function ageText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m`
  return `${Math.floor(seconds / 86_400)}d${Math.floor((seconds % 86_400) / 3600)}h`
}

function cut(text: string): string {
  return text.length > maxUserAgent ? `${text.slice(0, maxUserAgent - 1)}…` : text
}

/** What a client sent must not drive the terminal that shows it. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd')
}
