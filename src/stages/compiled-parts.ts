import type { IntegrationFault, ReportFault } from '../integrations/contract.ts'

/** A part of a definition, compiled: its faults, or what can be opened. */
type CompiledPart<Part> = { readonly faults: null; open(): Part } | { readonly faults: readonly IntegrationFault[] }

/** Parts of a definition that routes share, integrations or authorizers, compiled by what is written of them. */
export type CompiledParts<Written, Part> = ReadonlyMap<Written, { open(): Part }>

/**
 * Compiles every part of a definition, each where it is written; faults are reported, and the faulty left out. `compile`
 * gives null for a part that it has reported itself.
 */
export function compileParts<Written, Part>(
  written: Iterable<readonly [path: readonly string[], part: Written]>,
  compile: (part: Written, path: readonly string[]) => CompiledPart<Part> | null,
  report: ReportFault,
): CompiledParts<Written, Part> {
  const compiled = new Map<Written, { open(): Part }>()
  for (const [path, part] of written) {
    const result = compile(part, path)
    if (result === null) continue
    if (result.faults === null) compiled.set(part, result)
    else for (const fault of result.faults) report([...path, ...fault.path], fault.message)
  }
  return compiled
}

/** The parts of one stage, opened: each that is asked for once, however many routes share it. */
export class OpenedParts<Written, Part extends { close(): void }> {
  readonly #compiled: CompiledParts<Written, Part>
  readonly #opened = new Map<Written, Part>()

  constructor(compiled: CompiledParts<Written, Part>) {
    this.#compiled = compiled
  }

  /** The part of what is written, which is opened when it is first asked for; null where none was compiled. */
  of(written: Written): Part | null {
    const part = this.#opened.get(written) ?? this.#compiled.get(written)?.open() ?? null
    if (part !== null) this.#opened.set(written, part)
    return part
  }

  /** Closes every part that was opened. */
  close(): void {
    for (const part of this.#opened.values()) part.close()
  }
}

/** The members of a definition that name integrations. */
interface Integrated<Written> {
  readonly integrations: Readonly<Record<string, Written>>
  readonly routes: Readonly<Record<string, { readonly integration?: string | Written | undefined }>>
}

/** Every integration of a definition, each where it is written: under `integrations`, or in place under a route. */
export function* writtenIntegrations<Written extends object>({
  integrations,
  routes,
}: Integrated<Written>): Generator<[path: string[], integration: Written]> {
  for (const [name, integration] of Object.entries(integrations)) yield [['integrations', name], integration]
  for (const [routeKey, { integration }] of Object.entries(routes)) {
    if (typeof integration === 'object') yield [['routes', routeKey, 'integration'], integration]
  }
}

/** The integration of a route as it is written; undefined for none. */
export function integrationOf<Written extends object>(
  { integrations }: Pick<Integrated<Written>, 'integrations'>,
  { integration }: { readonly integration?: string | Written | undefined },
): Written | undefined {
  return typeof integration === 'string' ? integrations[integration] : integration
}
