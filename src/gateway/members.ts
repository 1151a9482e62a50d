import type { Audience } from '../registry/group-contract.ts'

/** The connections of an audience that this worker holds; it is there as long as there is one, or one that is about to join. */
export class Members<C> implements Audience {
  readonly apiId: string
  readonly stage: string
  readonly kind: Audience['kind']
  readonly name: string
  readonly connections = new Set<C>()
  /** Number of connections that are about to join. */
  holds = 0

  constructor({ apiId, stage, kind, name }: Audience) {
    this.apiId = apiId
    this.stage = stage
    this.kind = kind
    this.name = name
  }
}
