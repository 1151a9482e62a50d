import { hostname } from 'node:os'
import type { Settings } from '../config/settings.ts'

/**
 * The name of this worker for people: in its log lines and in `postern workers`. Where none is set, machine and port:
 * several gateways of one machine are then told apart.
 */
export function workerNameOf(
  { workerName, port }: Pick<Settings, 'workerName' | 'port'>,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const host = environment.HOSTNAME || hostname()
  return workerName ?? (port === 0 ? host : `${host}:${port}`)
}
