import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { importFaults } from './import-directions.ts'

const src = fileURLToPath(new URL('../src/', import.meta.url))
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => /\.(ts|js|mjs|cjs)$/.test(file))
const faults = importFaults(new Map(files.map((file) => [file, readFileSync(join(src, file), 'utf8')])))
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1
else console.log(`imports: ${files.length} files, every arrow points down`)
