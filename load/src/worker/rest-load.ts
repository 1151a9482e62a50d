import { createRequire } from 'node:module'
import type autocannon from 'autocannon'
import { hideSecrets } from 'postern-documents/hide-secrets'
import type { RestDefinition } from '../scenario/definition.ts'
import { type ClientValues, compileTemplate, noMessage } from '../scenario/template.ts'
import type { Tally } from './tally.ts'

export interface RestLoad {
  start(): void
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>
}

/** A time in seconds that no run lasts, and that a timer still takes in milliseconds. */
const longerThanAnyRun = 2_000_000
/** It looks whether it should stop once a second. */
const stopMillis = 3_000

/** Loads autocannon, which takes as long as all else of a client process: most have no REST requests. */
const loadAutocannon = (): typeof autocannon => createRequire(import.meta.url)('autocannon')

/** REST requests of one entry of `rest`, driven by autocannon. */
export function createRestLoad(
  definition: RestDefinition,
  env: Readonly<Record<string, string>>,
  tally: Tally,
  maySend: () => boolean,
): RestLoad {
  // There is no client whose values could be filled in.
  const nobody: ClientValues = { index: 0, group: 0, vars: {}, data: {}, env }
  const { connections, rate, expect, method, timeout } = definition
  const expected = new Set(expect)
  const headers = Object.entries(definition.headers).map(([name, value]) => [
    name,
    compileTemplate(value, 'header').render(nobody, noMessage),
  ])
  // autocannon spreads whole requests a second over its connections.
  const used = rate === undefined ? connections : Math.min(connections, rate)
  const interval = rate === undefined ? 0 : (used / rate) * 1000
  const startAutocannon = loadAutocannon()
  let instance: autocannon.Instance | null = null

  function answered(status: number, millis: number): void {
    tally.counters.restRequests++
    tally.status('rest', status)
    tally.latency('rest', millis)
    // What its connection should have asked meanwhile and did not, as HdrHistogram corrects it.
    if (interval > 0)
      for (let missed = millis - interval; missed >= interval; missed -= interval) tally.latency('rest', missed)
    if (!expected.has(status))
      tally.error('restStatus', `${definition.name ?? hideSecrets(definition.url)}: status ${status}`)
    if (!maySend()) instance?.stop()
  }

  return {
    start() {
      if (instance !== null) return
      instance = startAutocannon({
        url: compileTemplate(definition.url, 'url').render(nobody, noMessage),
        connections: used,
        duration: longerThanAnyRun,
        method,
        headers: Object.fromEntries(headers),
        timeout: Math.max(1, Math.ceil(timeout / 1000)),
        ...(definition.body === undefined ? {} : { body: compileTemplate(definition.body).render(nobody, noMessage) }),
        ...(rate === undefined ? {} : { overallRate: rate }),
      })
      instance.on('response', (_client, status, _bytes, millis) => answered(status, millis))
      instance.on('reqError', (error) =>
        tally.error('restFailed', `${definition.name ?? hideSecrets(definition.url)}: ${error.message}`),
      )
      // Without a listener what it cannot do would end the process.
      instance.on('error', (error) => tally.error('restFailed', error.message))
    },
    async stop() {
      const stopped = instance
      instance = null
      if (stopped === null) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, stopMillis)
        stopped.on('done', () => {
          clearTimeout(timer)
          resolve()
        })
        stopped.stop()
      })
    },
  }
}
