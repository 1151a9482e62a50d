#!/usr/bin/env node
import { run } from './run.ts'
import { processIo } from './tool-io.ts'

const code = await run(process.argv.slice(2), { io: processIo(), name: 'postern-load' })
process.exitCode = code
// A handle that something forgot must not keep a finished test alive.
setTimeout(() => process.exit(code), 2_000).unref()
