import pico from 'picocolors'
import { type Fault, formatFault, sortFaults } from '../config/faults.ts'
import type { Io, Output } from './io.ts'

/** Writes faults, a line each, and their number; in colours only for people. */
export function reportFaults(faults: readonly Fault[], output: Output, env: Io['env']): void {
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

/** Whether an output wants colours; any value of NO_COLOR but an empty one says no (https://no-color.org). */
export function wantsColours(output: Output, env: Io['env']): boolean {
  return output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
}
