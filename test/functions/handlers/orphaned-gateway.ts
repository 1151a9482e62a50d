// Stands for a gateway that is killed: runs one function for ever and prints the id of its process.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createFunctionPools } from '../../../src/functions/pools.ts'
import type { Log } from '../../../src/observability/contract.ts'

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
const invoker = createFunctionPools({ log }).retain({
  apiId: 'test',
  name: 'endless',
  definition: {
    handler: process.argv[2] as string,
    timeoutInMillis: 900_000,
    memoryInMegabytes: 64,
    maxConcurrency: 1,
    environment: {},
  },
  directory: fileURLToPath(new URL('.', import.meta.url)),
})
const call = (payload: string, timeoutInMillis: number) =>
  invoker.invoke({ payload, requestId: 'r', traceId: 't', asynchronous: false, timeoutInMillis })

// Children of this process, but the shell that guards them: the one that runs worker.mjs.
const pid = () =>
  readdirSync('/proc').find((entry) => {
    if (!/^\d+$/.test(entry)) return false
    try {
      const isChild =
        readFileSync(`/proc/${entry}/stat`, 'utf8')
          .replace(/\(.*\)/, 'x')
          .split(' ')[3] === String(process.pid)
      return isChild && readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes('worker.mjs')
    } catch {
      return false
    }
  })

// Rejects once the handler has been running for a second; ends at once with what it gives.
const given = await call(process.argv[3] ?? '{}', 1_000).then(
  ({ payload }) => payload,
  () => null,
)
console.log(given ?? pid())
