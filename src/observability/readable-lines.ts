import pico from 'picocolors'
import { printable } from 'postern-documents/printable'

type Colours = ReturnType<typeof pico.createColors>

/**
 * Makes what turns the JSON lines of the log into lines for a person: time of day, level, message, and the fields as
 * `name=value`, errors with their stack and causes below. Any other line, such as one of an access log, stays as it is.
 */
export function createReadableLines({ colours }: { readonly colours: boolean }): (line: string) => string {
  const paint = pico.createColors(colours)
  return (line) => {
    const entry = entryOf(line)
    return entry === null ? line : `${readable(entry, paint)}\n`
  }
}

interface Entry {
  readonly level: string
  readonly time: string
  readonly msg: string
  readonly name?: unknown
  readonly [field: string]: unknown
}

function entryOf(line: string): Entry | null {
  if (!line.startsWith('{"level":"')) return null
  try {
    const entry: unknown = JSON.parse(line)
    return isEntry(entry) ? entry : null
  } catch {
    return null
  }
}

function isEntry(entry: unknown): entry is Entry {
  if (typeof entry !== 'object' || entry === null) return false
  const { level, time, msg } = entry as Partial<Entry>
  return (
    typeof level === 'string' && typeof msg === 'string' && typeof time === 'string' && !Number.isNaN(Date.parse(time))
  )
}

function readable({ level, time, msg, name, ...fields }: Entry, paint: Colours): string {
  const shown = Object.entries(fields).filter(([, value]) => !isError(value))
  const errors = Object.entries(fields).filter(([, value]) => isError(value))
  const parts = [
    paint.dim(timeOfDay(new Date(time))),
    levelText(level, paint),
    ...(name === undefined ? [] : [paint.dim(`[${printable(String(name))}]`)]),
    printable(msg),
    ...shown.map(([field, value]) => `${paint.dim(`${printable(field)}=`)}${valueText(value)}`),
  ]
  return [parts.join(' '), ...errors.flatMap(([, error]) => errorLines(error as ShownError))].join('\n')
}

/** The time of this machine's zone: whoever reads it is at its terminal. */
function timeOfDay(time: Date): string {
  const two = (number: number, digits = 2) => String(number).padStart(digits, '0')
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${two(time.getMilliseconds(), 3)}`
}

function levelText(level: string, paint: Colours): string {
  const text = printable(level.toUpperCase().padEnd(5))
  if (level === 'error') return paint.red(text)
  if (level === 'warn') return paint.yellow(text)
  return level === 'debug' ? paint.dim(text) : paint.green(text)
}

function valueText(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return printable(value)
  return printable(JSON.stringify(value) ?? 'undefined')
}

interface ShownError {
  readonly type: string
  readonly message: string
  readonly stack?: unknown
  readonly cause?: unknown
}

function isError(value: unknown): value is ShownError {
  if (typeof value !== 'object' || value === null) return false
  const { type, message } = value as Partial<ShownError>
  return typeof type === 'string' && typeof message === 'string'
}

/** The lines of an error and its causes, a step further in than the entry; those that can't be drawn are left out. */
function errorLines({ type, message, stack, cause, ...own }: ShownError, title = ''): string[] {
  const first = `${title}${type}: ${message}`
  const frames = typeof stack === 'string' ? stack.split('\n').filter((line) => /^\s+at /.test(line)) : []
  const fields = Object.entries(own).map(([name, value]) => `  ${name}=${valueText(value)}`)
  const lines = [...first.split('\n'), ...fields, ...frames.map((frame) => `  ${frame.trim()}`)]
  const below = isError(cause)
    ? errorLines(cause, 'because of ')
    : cause === undefined
      ? []
      : [`    because of ${valueText(cause)}`]
  return [...lines.map((line) => `    ${printable(line)}`), ...below]
}
