import { ExactNumber } from 'postern-documents/exact-json'

/** The text of a number of a JSON document as Java prints it: whole numbers with all their digits, doubles as Double. */
export function javaNumberText(value: number | ExactNumber): string {
  if (value instanceof ExactNumber) return value.isWhole ? digits(value) : doubleText(value.approximate)
  return Number.isSafeInteger(value) ? String(value) : doubleText(value)
}

/** The JSON text of a number of a JSON document: a whole double shows that it is one, and nothing loses its digits. */
export function jsonNumberText(value: number | ExactNumber): string {
  if (typeof value === 'number') return JSON.stringify(value)
  if (value.isWhole) return digits(value)
  const { approximate, source } = value
  if (!Number.isFinite(approximate)) return source
  return Number.isInteger(approximate) ? doubleText(approximate) : String(approximate)
}

function digits({ source }: ExactNumber): string {
  return source === '-0' ? '0' : source
}

/**
 * The text of a Double as java.lang.Double.toString writes it: at least one decimal, and an exponent below 0.001 and
 * from ten million on.
 */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity'
  const size = Math.abs(value)
  if (size === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  if (size >= 1e-3 && size < 1e7) {
    const text = String(value)
    return text.includes('.') ? text : `${text}.0`
  }
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent.replace('+', '')}`
}
