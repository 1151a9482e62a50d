import { Command } from 'commander'
import type { runWorker } from '../app/run-worker.ts'
import type { CommandContext } from './command.ts'
import type { Io } from './io.ts'
import { workerProcessName } from './worker-process-name.ts'

/**
 * The command that runs one of the processes of `postern start --workers`; it is not for people. Its name is there for
 * `ps`.
 */
export function workerProcessCommand({ io, version, end }: CommandContext): Command {
  return new Command(workerProcessName)
    .description('One of the processes of postern start --workers, which starts it.')
    .argument('[name]')
    .action(async () => end(await work({ io, version, load: () => import('../app/run-worker.ts') })))
}

interface WorkDeps {
  readonly io: Io
  readonly version: string
  readonly load: () => Promise<{ runWorker: typeof runWorker }>
}

async function work({ io, version, load }: WorkDeps): Promise<number> {
  if (!io.parent) {
    io.stderr.write('postern: this command is run by postern start --workers\n')
    return 1
  }
  // A terminal signals every process of its group and systemd every one of the service, but the parent says what to do.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) io.onSignal(signal, () => {})
  const app = await load()
  return app.runWorker({
    channel: io.parent,
    destination: io.logs ?? io.stdout,
    environment: io.env,
    version,
    exit: io.exit,
  })
}
