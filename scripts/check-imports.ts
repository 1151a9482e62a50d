import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkedFolders, importFaults } from './import-directions.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const files = checkedFolders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter((file) => /\.(ts|js|mjs|cjs)$/.test(file)),
)
const faults = importFaults(new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')])))
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1
else console.log(`imports: ${files.length} files, every arrow points down`)
