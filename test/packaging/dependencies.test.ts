import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../helpers/examples.ts'

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly link?: boolean
  readonly resolved?: string
}

const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, Locked>>
}

/** The places of all packages that one at `place` needs in production, in node_modules or a workspace. */
function needed(place: string, found = new Set<string>()): ReadonlySet<string> {
  const { dependencies, optionalDependencies } = packages[place] as Locked
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const target = resolve(name, place)
    if (found.has(target)) continue
    found.add(target)
    needed(target, found)
  }
  return found
}

/** Where Node.js finds a package from another's place: beside it, or in a folder above. */
function resolve(name: string, from: string): string {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    const place = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`
    const locked = packages[place]
    if (locked !== undefined) return locked.link === true ? (locked.resolved as string) : place
    if (folder === '') throw new Error(`${name} of ${from} is not locked`)
  }
}

test('a gateway without the load tool needs few packages, and none that only the tool needs', () => {
  const gateway = needed('')
  const tool = needed('load')
  expect(gateway.size).toBeLessThanOrEqual(48)
  expect([...gateway]).toContain('documents')
  expect([...gateway]).not.toContain('load')
  expect([...tool]).toEqual(expect.arrayContaining(['documents', 'node_modules/autocannon']))
  expect([...gateway]).not.toContain('node_modules/autocannon')
})
