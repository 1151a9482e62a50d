import pico from 'picocolors'
import { type Fault, formatFault, sortFaults } from './faults.ts'
import { type Environment, type Output, wantsColours } from './output.ts'

/** Writes faults and warnings, a line each, and their numbers; in colours only for people. */
export function reportFaults(faults: readonly Fault[], output: Output, env: Environment): void {
  const colours = pico.createColors(wantsColours(output, env))
  const lines = sortFaults(faults).map((fault) => {
    const line = formatFault(fault)
    const place = line.slice(0, line.indexOf(': '))
    return `${colours.bold(place)}${line.slice(place.length)}\n`
  })
  const files = new Set(faults.map((fault) => fault.file)).size
  const where = files > 1 ? ` in ${files} places` : ''
  const warnings = faults.filter((fault) => fault.isWarning).length
  const colour = warnings === faults.length ? colours.yellow : colours.red
  const counts = [counted(faults.length - warnings, 'fault'), counted(warnings, 'warning')].filter(
    (text) => text !== '',
  )
  output.write(`${lines.join('')}${colour(`${counts.join(', ')}${where}`)}\n`)
}

function counted(count: number, thing: string): string {
  return count === 0 ? '' : `${count} ${thing}${count === 1 ? '' : 's'}`
}
