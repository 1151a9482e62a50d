#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import * as signals from './early-signals.cjs'
import { unsupportedNode } from './node-version.ts'

const manifest = new URL('../../package.json', import.meta.url)
const refusal = unsupportedNode(process.versions.node)
if (refusal !== null) {
  const asksForVersion = ['--version', '-v'].includes(process.argv[2] ?? '')
  if (asksForVersion) process.stdout.write(`${JSON.parse(readFileSync(manifest, 'utf8')).version}\n`)
  process.stderr.write(`${refusal}\n`)
  process.exitCode = asksForVersion ? 0 : 1
} else {
  // Loaded only now: the dependencies would fail on another Node.js in words of their own.
  const { run } = await import('./run.ts')
  const { processIo } = await import('./io.ts')
  const code = await run(process.argv.slice(2), processIo(signals))
  process.exitCode = code
  // Everything is closed and written by now; a handle that something forgot must not keep a stopped gateway alive.
  setTimeout(() => process.exit(code), 2_000).unref()
}
