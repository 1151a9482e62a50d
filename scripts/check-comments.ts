import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commentFaults } from './comment-openings.ts'
import { checkedFolders } from './import-directions.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** The folders whose comments are read: those whose imports are checked, and what is beside them. */
const folders = [...checkedFolders, 'load/bench', 'load/fleet', 'scripts']
const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter((file) => /\.(ts|js|mjs|cjs)$/.test(file)),
)
const faults = commentFaults(new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')])))
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1
else console.log(`comments: ${files.length} files, every doc comment begins with its noun`)
