const unitMillis: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

export const durationPattern = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h)$/

/** `500ms`, `10s`, `1.5m`, `2h` in milliseconds; null for anything else. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = durationPattern.exec(text) ?? []
  return amount === undefined ? null : Number(amount) * (unitMillis[unit as string] as number)
}

/** Milliseconds as a person writes them: `1.5m`, `30s`, `250ms`. */
export function formatDuration(millis: number): string {
  for (const unit of ['h', 'm', 's'] as const) {
    const size = unitMillis[unit] as number
    if (millis >= size && Number.isInteger((millis / size) * 10)) return `${millis / size}${unit}`
  }
  return `${Math.round(millis)}ms`
}
