import pico from 'picocolors'
import { type Fault, formatFault, sortFaults } from './faults.ts'
import { type Environment, type Output, wantsColours } from './output.ts'

/** Writes faults, a line each, and their number; in colours only for people. */
export function reportFaults(faults: readonly Fault[], output: Output, env: Environment): void {
  const colours = pico.createColors(wantsColours(output, env))
  const lines = sortFaults(faults).map((fault) => {
    const line = formatFault(fault)
    const place = line.slice(0, line.indexOf(': '))
    return `${colours.bold(place)}${line.slice(place.length)}\n`
  })
  const files = new Set(faults.map((fault) => fault.file)).size
  const where = files > 1 ? ` in ${files} places` : ''
  output.write(`${lines.join('')}${colours.red(`${faults.length} fault${faults.length === 1 ? '' : 's'}${where}`)}\n`)
}
