import { fileURLToPath } from 'node:url'
import { type Servers, startServer } from '../server-process.ts'
import type { Site } from './contract.ts'

/** A file of `servers/` in a process of its own. */
export function startPeerServer(file: string, environment: Record<string, string> = {}) {
  const path = fileURLToPath(new URL(`servers/${file}`, import.meta.url))
  return ({ backend }: Pick<Site, 'backend'>): Promise<Servers> =>
    startServer([path], { BACKEND: backend.url, ...environment })
}
