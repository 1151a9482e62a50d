/** The part of JSON Schema that our own schemas use. */
export interface Schema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly maxLength?: number
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
}

/**
 * The schema at a path of member names; `*` is any entry of a map, a kind picks an alternative by its type, and a list is
 * its items.
 */
export function schemaAt(root: object, path: readonly string[]): Schema {
  let schema = root as Schema
  for (const step of path) {
    const next =
      step === '*' ? entryOf(schema) : ((schema.items ?? schema).properties?.[step] ?? alternativeOf(schema, step))
    if (next === undefined) throw new Error(`no ${step} in the schema (${path.join('.')})`)
    schema = next
  }
  return schema
}

function entryOf({ additionalProperties }: Schema): Schema | undefined {
  return typeof additionalProperties === 'object' ? additionalProperties : undefined
}

function alternativeOf({ oneOf }: Schema, kind: string): Schema | undefined {
  return oneOf?.find(({ properties = {} }) =>
    [properties.integrationType, properties.authorizerType].some((type) => type?.const === kind),
  )
}

/** The members of a map as a table. */
export function membersTable(schema: Schema): string {
  const members = schema.items?.properties ?? schema.properties ?? {}
  const required = schema.items?.required ?? schema.required ?? []
  const rows = Object.entries(members).map(([name, member]) => [
    `\`${name}\``,
    typeText(member),
    member.default !== undefined ? `\`${JSON.stringify(member.default)}\`` : required.includes(name) ? 'required' : '',
    member.description ?? '',
  ])
  return markdownTable(['Member', 'Value', 'Default', 'Meaning'], rows)
}

function typeText(schema: Schema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (schema.type === 'integer' && schema.maximum !== undefined) return `${schema.minimum} to ${schema.maximum}`
  if (schema.type === 'object') return entryOf(schema) === undefined ? 'map' : 'map by name'
  if (schema.type === 'array') return 'list'
  return schema.anyOf?.map(typeText).join(' or ') ?? (schema.oneOf === undefined ? (schema.type ?? '') : 'map')
}

export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}
