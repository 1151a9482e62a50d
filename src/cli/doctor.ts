import { Command } from 'commander'
import pico from 'picocolors'
import { reportFaults } from 'postern-documents/fault-report'
import { type Fault, formatFault } from 'postern-documents/faults'
import { wantsColours } from 'postern-documents/output'
import { printable } from 'postern-documents/printable'
import type { Finding } from '../app/doctor/look.ts'
import { readSettings, type SettingSources } from '../config/read-settings.ts'
import type { CommandContext } from './command.ts'
import type { Io } from './io.ts'
import { addSettingOptions, configOption, settingSources } from './setting-options.ts'

const epilogue = `
Looks at what a gateway with these settings stands on, on this machine and as this user, and says what to do about what
is wrong: the descriptor limit, the clock, Redis and whether it keeps its data, both ports, the TLS files, and the
server underneath, which is tried over loopback. Nothing is changed; it may run beside a gateway.

Exit codes: 0 nothing failed (there may be warnings), 1 something did, 2 wrong usage.

Examples:
  postern doctor
  postern doctor --config /etc/postern/postern.yaml
  postern doctor --json | jq 'select(.state != "ok")'
`

export function doctorCommand({ io, end }: CommandContext): Command {
  const command = new Command('doctor')
    .description('Look at what a gateway stands on here, with a remedy for each fault.')
    .option('--json', 'a JSON object a line')
    .addOption(configOption())
  addSettingOptions(command)
  return command.addHelpText('after', epilogue).action(async ({ json }: { json?: boolean }) => {
    end(await doctor(settingSources(command, undefined, io), { io, json: json === true }))
  })
}

/** Writes the findings to standard output; resolves with 1 when one of them is a failure. */
async function doctor(sources: SettingSources, { io, json }: { io: Io; json: boolean }): Promise<number> {
  const { settings, faults } = await readSettings(sources)
  if (settings === null) {
    if (json) for (const fault of faults) io.stdout.write(`${JSON.stringify(settingsFault(fault))}\n`)
    else reportFaults(faults, io.stderr, io.env)
    return 1
  }
  const { examine } = await import('../app/doctor/doctor.ts')
  const findings = await examine(settings, { environment: io.env })
  for (const finding of findings) io.stdout.write(json ? `${JSON.stringify(finding)}\n` : linesOf(finding, io))
  return findings.some(({ state }) => state === 'fail') ? 1 : 0
}

function settingsFault(fault: Fault): Finding {
  return {
    look: 'settings',
    state: 'fail',
    found: formatFault(fault),
    remedy: 'mend the setting; postern start --help',
  }
}

function linesOf({ look, state, found, remedy }: Finding, io: Io): string {
  const colours = pico.createColors(wantsColours(io.stdout, io.env))
  const paint = { ok: colours.green, warn: colours.yellow, fail: colours.red }[state]
  const line = `${paint(state.padEnd(4))}  ${look}: ${printable(found)}\n`
  return remedy === null ? line : `${line}      ${printable(remedy)}\n`
}
