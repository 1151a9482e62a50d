import type { Fault } from 'postern-documents/faults'
import { sortFaults } from 'postern-documents/faults'
import { readDefinitions } from '../config/read-api.ts'
import { type CompiledApi, compileApi } from '../stages/compile-api.ts'
import type { CompileOptions, CompileSource } from '../stages/compile-stage.ts'

/** A definition without a fault. Two with the same fingerprint are the same to the last member. */
export interface ReadApi extends CompileSource {
  readonly fingerprint: string
  readonly compiled: CompiledApi
}

export interface ApisRead {
  readonly sources: readonly ReadApi[]
  /** Every fault of every file, those that only compiling finds included. */
  readonly faults: readonly Fault[]
}

/** Reads and compiles every definition of a folder; opens none. Never rejects. */
export async function readApis(dir: string, options: CompileOptions): Promise<ApisRead> {
  const { apis, faults } = await readDefinitions(dir)
  const all = [...faults]
  const sources: ReadApi[] = []
  for (const { definition, directory, locate, faults: own } of apis) {
    if (definition === null) continue
    const compiled = compileApi({ definition, directory }, options)
    const found = (compiled.faults ?? []).map(locate).filter((fault) => fault !== null)
    all.push(...found)
    if (own.length > 0 || compiled.faults !== null || isTaken(sources, definition.apiId)) continue
    sources.push({ definition, directory, fingerprint: `${directory} ${JSON.stringify(definition)}`, compiled })
  }
  return { sources, faults: sortFaults(all) }
}

/** Whether an apiId is taken: of two files with the same one the first is served. */
function isTaken(sources: readonly ReadApi[], apiId: string): boolean {
  return sources.some((source) => source.definition.apiId === apiId)
}
