import { hostname } from 'node:os'
import type { Settings } from '../config/settings.ts'

/**
 * What people call this worker: in its log lines and in `postern workers`. Where nobody has said so, machine and port:
 * several gateways of one machine are then told apart.
 */
export function workerNameOf(
  { workerName, port }: Pick<Settings, 'workerName' | 'port'>,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const host = environment.HOSTNAME || hostname()
  return workerName ?? (port === 0 ? host : `${host}:${port}`)
}
