import { createLineDestination } from '../../src/observability/line-destination.ts'

// Run by test/observability/line-destination.test.ts: stdout is a pipe that is not being read.
const dropped = { value: 0 }
const destination = createLineDestination({ target: 1, dropped })
const line = `${'x'.repeat(1023)}\n`
let longestStallMs = 0
for (let batch = 0; batch < 64; batch++) {
  const start = performance.now()
  for (let i = 0; i < 1024; i++) destination.write(line)
  await new Promise((resolve) => setImmediate(resolve))
  longestStallMs = Math.max(longestStallMs, performance.now() - start)
}
const heapMegabytes = process.memoryUsage().heapUsed / 1e6
const start = performance.now()
await destination.close()
const closedInMs = performance.now() - start
process.stderr.write(JSON.stringify({ dropped: dropped.value, longestStallMs, heapMegabytes, closedInMs }))
