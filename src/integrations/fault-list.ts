import type { CompiledIntegration, FaultyIntegration, Integration, IntegrationFault, ReportFault } from './contract.ts'

/** Collects the faults of one integration while it is compiled. */
export interface FaultList {
  readonly report: ReportFault
  /**
   * The outcome of compiling: the faults, if there are any, else what `open` makes of the compiled part. The part may
   * be null where a fault was reported, and nowhere else.
   */
  outcome<Part>(part: Part | null, open: (part: Part) => Integration): CompiledIntegration | FaultyIntegration
}

/** Creates an empty list. */
export function createFaultList(): FaultList {
  const faults: IntegrationFault[] = []
  return {
    report: (path, message) => void faults.push({ path, message }),
    outcome: (part, open) =>
      faults.length > 0 || part === null ? { faults } : { faults: null, open: () => open(part) },
  }
}
