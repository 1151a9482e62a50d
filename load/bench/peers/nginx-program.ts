import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../fleet/free-port.ts'
import type { Servers } from '../server-process.ts'
import { answers } from './answers.ts'
import { nginxConfig } from './nginx-config.ts'
import { programFolder, startProgram } from './program.ts'

/** Starts nginx in the foreground with a configuration of its own. `http` is given the port to listen on. */
export async function startNginx(modules: readonly string[], http: (port: number) => string): Promise<Servers> {
  const folder = await programFolder()
  const port = await freePort()
  const config = nginxConfig({ modules, isRoot: process.getuid?.() === 0, http: http(port) })
  await writeFile(join(folder, 'nginx.conf'), config)
  // The worker, which is another user when the master is root, writes its temporary files below it.
  await chmod(folder, 0o755)
  const program = await startProgram({
    command: 'nginx',
    args: ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'],
    folder,
    isReady: () => answers(port, '/ready'),
  })
  return { pids: program.pids, port, stop: program.stop }
}
