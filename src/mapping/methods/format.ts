import { hashOf } from '../velocity/equality.ts'
import { TemplateRenderError } from '../velocity/errors.ts'
import { isNumber, toBigInt } from '../velocity/number.ts'
import type { Run } from '../velocity/run.ts'
import { printed } from '../velocity/text.ts'
import { JavaChar, JavaDouble, type NumberValue, type Value } from '../velocity/value.ts'

interface Specifier {
  readonly flags: string
  readonly width: number
  readonly precision: number | null
  readonly conversion: string
}

const specifier = /%(?:(\d{1,4})\$)?([-#+ 0,(<]*)(\d{1,6})?(?:\.(\d{1,4}))?([a-zA-Z%])/y

/** Java's String.format (java.util.Formatter), without dates and with the English number format. */
export function formatText(pattern: string, args: readonly Value[], run: Run): string {
  let result = ''
  let at = 0
  let next = 0
  while (at < pattern.length) {
    const percent = pattern.indexOf('%', at)
    result += pattern.slice(at, percent < 0 ? pattern.length : percent)
    if (percent < 0) break
    specifier.lastIndex = percent
    const match = specifier.exec(pattern)
    if (match === null) throw new TemplateRenderError(`format: unknown conversion at index ${percent}`)
    at = specifier.lastIndex
    const spec = readSpecifier(match)
    run.step(8 + (spec.precision ?? 0))
    if (spec.conversion === 'n') result += '\n'
    else if (spec.conversion === '%') result += pad('%', spec)
    else {
      const index = match[1] !== undefined ? Number(match[1]) - 1 : spec.flags.includes('<') ? next - 1 : next++
      if (index < 0 || index >= args.length) throw new TemplateRenderError(`format: no argument for '${match[0]}'`)
      run.characters(spec.width)
      result += formatOne(spec, args[index] ?? null, run)
    }
    run.limitLength(result.length)
  }
  run.characters(result.length)
  return result
}

function readSpecifier(match: RegExpExecArray): Specifier {
  return {
    flags: match[2] ?? '',
    width: Number(match[3] ?? 0),
    precision: match[4] === undefined ? null : Number(match[4]),
    conversion: match[5] as string,
  }
}

function formatOne(spec: Specifier, value: Value, run: Run): string {
  const text = convert(spec, value, run)
  const cased = spec.conversion === spec.conversion.toUpperCase() ? text.toUpperCase() : text
  return pad(cased, spec)
}

function convert(spec: Specifier, value: Value, run: Run): string {
  switch (spec.conversion.toLowerCase()) {
    case 's':
      return cut(printed(value, run), spec)
    case 'b':
      return cut(String(typeof value === 'boolean' ? value : value !== null), spec)
    case 'h':
      return cut(value === null ? 'null' : (hashOf(value, run) >>> 0).toString(16), spec)
    case 'c':
      return value === null ? 'null' : character(value)
    case 'd':
      return value === null ? 'null' : decimal(whole(value, spec), spec)
    case 'x':
    case 'o':
      return value === null ? 'null' : inRadix(value, spec)
    case 'f':
    case 'e':
      return value === null ? 'null' : fraction(real(value, spec), spec)
    default:
      throw new TemplateRenderError(`format: unknown conversion '${spec.conversion}'`)
  }
}

function cut(text: string, { precision }: Specifier): string {
  return precision === null ? text : text.slice(0, precision)
}

function character(value: Value): string {
  if (value instanceof JavaChar) return value.value
  if (typeof value === 'number' && value >= 0 && value <= 0x10ffff) return String.fromCodePoint(value)
  throw new TemplateRenderError('format: c takes a character')
}

function whole(value: Value, { conversion }: Specifier): bigint {
  if (isNumber(value) && !(value instanceof JavaDouble)) return toBigInt(value)
  throw new TemplateRenderError(`format: ${conversion} takes a whole number`)
}

function real(value: Value, { conversion }: Specifier): number {
  if (value instanceof JavaDouble) return value.value
  throw new TemplateRenderError(`format: ${conversion} takes a Double`)
}

function decimal(value: bigint, spec: Specifier): string {
  const digits = String(value < 0n ? -value : value)
  return signed(spec.flags.includes(',') ? grouped(digits) : digits, value < 0n, spec)
}

function inRadix(value: NumberValue | Value, spec: Specifier): string {
  const number = whole(value, spec)
  const bits = typeof value === 'number' ? 32 : 64
  const radix = spec.conversion.toLowerCase() === 'x' ? 16 : 8
  const digits = (typeof value === 'bigint' ? number : BigInt.asUintN(bits, number)).toString(radix)
  const prefixed = spec.flags.includes('#') ? (radix === 16 ? '0x' : '0') + digits : digits
  return spec.flags.includes('0') ? prefixed.padStart(spec.width, '0') : prefixed
}

function fraction(value: number, spec: Specifier): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
  const places = Math.min(spec.precision ?? 6, 100)
  const size = Math.abs(value)
  if (spec.conversion.toLowerCase() === 'e') {
    return signed(scientific(size, places), value < 0, spec)
  }
  const [head, tail] = roundHalfUp(size, places).split('.') as [string, string | undefined]
  const grouping = spec.flags.includes(',') ? grouped(head) : head
  return signed(tail === undefined ? grouping : `${grouping}.${tail}`, value < 0, spec)
}

// Java rounds the decimal digits that it would print, half up (java.util.Formatter, "Float and Double"); toFixed rounds
// the binary value behind them.
function roundHalfUp(value: number, places: number): string {
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  const mantissa = digits.replace('.', '')
  const shift = Number(exponent) - (mantissa.length - 1) + places
  if (shift >= 0) return withPoint(BigInt(mantissa) * 10n ** BigInt(shift), places)
  const divisor = 10n ** BigInt(-shift)
  return withPoint((BigInt(mantissa) * 2n + divisor) / (2n * divisor), places)
}

function scientific(value: number, places: number): string {
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  // Rounding may carry into another digit before the point.
  const rounded = roundHalfUp(Number(digits), places)
  const carried = rounded.startsWith('10')
  const mantissa = carried ? roundHalfUp(1, places) : rounded
  const power = Number(exponent) + (carried ? 1 : 0)
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

function withPoint(value: bigint, places: number): string {
  const digits = String(value).padStart(places + 1, '0')
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(?:\d{3})+$)/g, ',')
}

function signed(digits: string, negative: boolean, { flags, width }: Specifier): string {
  const open = negative ? (flags.includes('(') ? '(' : '-') : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''
  const close = open === '(' ? ')' : ''
  const zeros = flags.includes('0') ? digits.padStart(width - open.length - close.length, '0') : digits
  return open + zeros + close
}

function pad(text: string, { flags, width }: Specifier): string {
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width)
}
