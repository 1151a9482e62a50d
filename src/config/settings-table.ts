import { z } from 'zod'
import { type SettingGroup, settingInfo } from './setting.ts'
import { settingsFileSchema } from './settings.ts'

/** One setting that has a flag and a variable: what the command line, the environment and the docs need of it. */
export interface SettingRow {
  /** The setting's path in postern.yaml. */
  readonly path: readonly string[]
  /** The setting's name, `tls.certificate`. */
  readonly name: string
  /** The flag without its dashes, `tls-certificate`. */
  readonly flag: string
  /** The environment variable, `POSTERN_TLS_CERTIFICATE`. */
  readonly variable: string
  readonly kind: 'text' | 'number' | 'boolean' | 'list'
  readonly group: SettingGroup
  /** The word that stands for the value in `--help`; null for a switch. */
  readonly value: string | null
  readonly short: string | null
  readonly description: string
  /** The default; undefined when there is none. */
  readonly default: unknown
}

/** Every setting with a flag, in the order of the schema. */
export const settingsTable: readonly SettingRow[] = rowsOf(settingsFileSchema, [])

function rowsOf(schema: z.ZodObject, base: readonly string[]): SettingRow[] {
  return Object.entries(schema.shape).flatMap(([name, member]) => {
    const path = [...base, name]
    const { inner, fallback } = unwrap(member as z.ZodType)
    if (inner instanceof z.ZodObject) return rowsOf(inner, path)
    const info = settingInfo.get(inner)
    return info === undefined ? [] : [{ ...namesOf(path), ...traitsOf(inner, info), default: fallback, path }]
  })
}

function unwrap(schema: z.ZodType): { inner: z.ZodType; fallback: unknown } {
  let inner = schema
  let fallback: unknown
  while (true) {
    if (inner instanceof z.ZodDefault) {
      fallback = inner.def.defaultValue
      inner = inner.def.innerType as z.ZodType
    } else if (inner instanceof z.ZodOptional || inner instanceof z.ZodPrefault) {
      inner = inner.def.innerType as z.ZodType
    } else return { inner, fallback }
  }
}

function namesOf(path: readonly string[]) {
  const words = path.flatMap((name) => name.split(/(?=[A-Z])/)).map((word) => word.toLowerCase())
  return { name: path.join('.'), flag: words.join('-'), variable: `POSTERN_${words.join('_').toUpperCase()}` }
}

function traitsOf(schema: z.ZodType, info: { group: SettingGroup; value?: string; short?: string }) {
  return {
    kind: kindOf(schema),
    group: info.group,
    value: info.value ?? null,
    short: info.short ?? null,
    description: schema.description ?? '',
  }
}

function kindOf(schema: z.ZodType): SettingRow['kind'] {
  switch (schema.def.type) {
    case 'number':
    case 'boolean':
      return schema.def.type
    case 'array':
      return 'list'
    default:
      return 'text'
  }
}

/** A text from argv or the environment as the schema wants it; text that does not fit stays for the schema to refuse. */
export function fromText(row: SettingRow, text: string): unknown {
  switch (row.kind) {
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
    case 'boolean':
      return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text
    case 'list':
      return splitList(text)
    case 'text':
      return text
  }
}

export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
