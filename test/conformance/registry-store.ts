import type { Registry, RegistryOptions } from '../../src/registry/contract.ts'

/** The place that workers of one fleet share: made anew and empty for every test. */
export interface RegistryStore {
  join(options: RegistryOptions): Promise<Registry>
  /** Ends a worker without a goodbye, as SIGKILL does. Its lease runs on. */
  kill(registry: Registry): Promise<void>
  /** Resolves once the lease of a killed worker has run out. */
  outliveLease(registry: Registry): Promise<void>
  close(): Promise<void>
}

/** A store without `fleet` holds one worker; `kill` and `outliveLease` are then never called. */
export interface RegistryEngine {
  readonly name: string
  readonly fleet: boolean
  createStore(): Promise<RegistryStore>
}
