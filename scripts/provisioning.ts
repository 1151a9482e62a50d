import { basename } from 'node:path'
import { type Need, needs } from './executables.ts'

/** The means by which provisioning changes the machine. */
export interface Machine {
  find(need: Need): string | null
  /** Whether this user may install packages: root, with apt-get. */
  readonly mayInstall: boolean
  /** Installs a Debian package; false when that failed. */
  install(debianPackage: string): boolean
  print(line: string): void
}

/**
 * Finds the programs that the tests need, installs those that are missing where it may, or of which there is only a
 * second choice, and prints a line for each. The exit code: 0 when all are there, 1 otherwise. Nothing is ever left out.
 */
export function provision(wanted: readonly string[], machine: Machine): number {
  const unknown = wanted.filter((name) => !Object.hasOwn(needs, name))
  if (unknown.length > 0) {
    machine.print(`provision: there is no ${unknown.join(', ')}; known are ${Object.keys(needs).join(', ')}`)
    return 1
  }
  const missing = (wanted as readonly Need[]).filter((need) => !provideOne(need, machine))
  if (missing.length === 0) return 0
  const packages = missing.map((need) => needs[need].debianPackage).join(' ')
  machine.print(`provision: install what is missing, then run the tests again: sudo apt-get install ${packages}`)
  return 1
}

function provideOne(need: Need, machine: Machine): boolean {
  const { names, debianPackage } = needs[need]
  const found = machine.find(need)
  if (found !== null && (basename(found) === names[0] || !machine.mayInstall)) {
    machine.print(`${need}: ${found}`)
    return true
  }
  if (!machine.mayInstall) {
    machine.print(`${need}: not on PATH`)
    return false
  }
  machine.print(`${need}: ${found ?? 'not on PATH'}, installing ${debianPackage}`)
  const provided = machine.install(debianPackage) ? machine.find(need) : found
  if (provided === found) machine.print(`${need}: ${debianPackage} could not be installed`)
  if (provided !== null) machine.print(`${need}: ${provided}`)
  return provided !== null
}
