import type { Fault } from 'postern-documents/faults'
import type { ParsedDefinition } from '../config/read-api.ts'

/** The definitions of a source at one moment. */
export interface Definitions {
  readonly apis: readonly ParsedDefinition[]
  /** Every fault of every definition, those of `apis` included, in the order of files and lines. */
  readonly faults: readonly Fault[]
}

/** A place that the definitions of APIs come from, such as a folder. */
export interface DefinitionSource {
  /**
   * Reads everything that is there now. Never rejects: what can't be read is a fault. Of an API that is missing while
   * there are faults, nobody knows whether it was removed.
   */
  read(): Promise<Definitions>
  /**
   * Calls `changed` once after each flurry of changes, from now on until the returned function is called, which may be
   * called twice. A change may be reported that is none; none is left out.
   */
  watch(changed: () => void): () => void
}
