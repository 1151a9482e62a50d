import type { Settings } from '../../config/settings.ts'
import { readDescriptorLimit } from '../../limits/descriptor-limit.ts'
import { createLogger } from '../../observability/logger.ts'
import { lookAtClock } from './clock.ts'
import { lookAtDescriptors } from './descriptors.ts'
import type { Finding } from './look.ts'
import { lookAtPorts } from './ports.ts'
import { lookAtRedis } from './redis.ts'
import { lookAtServer } from './server.ts'
import { lookAtTls } from './tls.ts'

/**
 * Looks at all that a gateway with these settings stands on here; changes nothing and leaves nothing running.
 * `environment` must be `process.env` itself.
 */
export async function examine(
  settings: Settings,
  { environment }: { environment: Record<string, string | undefined> },
): Promise<Finding[]> {
  const log = createLogger({ level: 'silent', destination: { write() {} } })
  return [
    lookAtDescriptors(readDescriptorLimit(), settings),
    lookAtClock(Date.now()),
    ...(await lookAtRedis(settings, Date.now)),
    ...(await lookAtPorts(settings)),
    ...(await lookAtTls(settings, Date.now())),
    ...(await lookAtServer(settings, { environment, log })),
  ]
}
