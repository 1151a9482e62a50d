/** The classes of HTTP statuses (RFC 9110 §15), for counters. */
export const statusClasses = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const

export type StatusClass = (typeof statusClasses)[number]

/** The class of a status from 100 to 599. */
export function statusClass(status: number): StatusClass {
  return statusClasses[Math.floor(status / 100) - 1] ?? '5xx'
}
