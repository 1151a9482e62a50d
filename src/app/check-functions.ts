import { realpathSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { createFault, type Fault } from 'postern-documents/faults'
import type { ParsedDefinition } from '../config/read-api.ts'
import type { FunctionDefinition } from '../functions/contract.ts'
import { findHandlerFault, type HandlerFault } from '../functions/handler-fault.ts'

/** Handlers that are loaded at the same time. */
const maxLoading = 2

interface Declared {
  readonly api: ParsedDefinition
  readonly apiId: string
  readonly name: string
  readonly definition: FunctionDefinition
}

/**
 * Loads every handler that the definitions declare, each in a process of its own, and gives the faults: in their place
 * in the code where they have one, else where the handler is declared. What `known` says already is not said again.
 */
export async function checkFunctions(
  apis: readonly ParsedDefinition[],
  { region, known }: { region: string; known: readonly Fault[] },
): Promise<Fault[]> {
  const faults: Fault[] = []
  const left = apis.flatMap(declaredIn)
  const next = async (): Promise<void> => {
    for (let each = left.shift(); each !== undefined; each = left.shift()) {
      const { api, apiId, name, definition } = each
      const found = await findHandlerFault({ apiId, name, definition, directory: api.directory }, region)
      const fault = found === null || isKnown(found, api, known) ? null : place(found, each)
      if (fault !== null) faults.push(fault)
    }
  }
  await Promise.all(Array.from({ length: maxLoading }, next))
  return faults
}

function declaredIn(api: ParsedDefinition): Declared[] {
  const { definition } = api
  if (definition === null) return []
  const { apiId } = definition
  return Object.entries(definition.functions ?? {}).map(([name, each]) => ({ api, apiId, name, definition: each }))
}

function isKnown({ message }: HandlerFault, { file }: ParsedDefinition, known: readonly Fault[]): boolean {
  return known.some((fault) => fault.file === file && fault.message.endsWith(message))
}

function place({ message, place: found }: HandlerFault, { api, name }: Declared): Fault | null {
  const path = ['functions', name, 'handler']
  if (found === null) return api.locate({ path, message })
  // As api.yaml is shown to people.
  const file = join(dirname(api.file), relative(realpathSync(api.directory), found.file))
  return createFault({ file, line: found.line, column: found.column }, { path, problem: message })
}
