import type { FaultyIntegration, Integration, IntegrationFault, ReportFault } from './contract.ts'

/** An integration without a fault, whatever opens with it. */
interface Compiled<Opened> {
  readonly faults: null
  open(): Opened
}

/** Collects the faults of one integration while it is compiled. */
export interface FaultList<Opened> {
  readonly report: ReportFault
  /**
   * The outcome of compiling: the faults, if there are any, else what `open` makes of the compiled part. The part may
   * be null where a fault was reported, and nowhere else.
   */
  outcome<Part>(part: Part | null, open: (part: Part) => Opened): Compiled<Opened> | FaultyIntegration
}

/** Creates an empty list. */
export function createFaultList<Opened = Integration>(): FaultList<Opened> {
  const faults: IntegrationFault[] = []
  return {
    report: (path, message) => void faults.push({ path, message }),
    outcome: (part, open) =>
      faults.length > 0 || part === null ? { faults } : { faults: null, open: () => open(part) },
  }
}
