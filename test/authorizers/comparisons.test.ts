import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../helpers/examples.ts'

/** The rooms that a client's credentials pass through. */
const rooms = ['authorizers', 'usage', 'revocations', 'gateway', 'connections', 'management']

const sources = rooms.flatMap((room) =>
  readdirSync(join(repository, 'src', room), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `src/${room}/${name}`),
)
const textOf = (file: string) => readFileSync(join(repository, file), 'utf8')

/** A comparison that ends with the first difference, of something that has the name of a secret; with nothing it is none. */
const comparison =
  /\b\w*(?:secret\w*|signature|token|password|digest|apiKey|credential)\)?\s*[!=]==(?!\s*(?:null|undefined|'))/i

test('no secret is compared by a comparison whose time tells how much of it is right', () => {
  const found = sources.flatMap((file) =>
    textOf(file)
      .split('\n')
      .flatMap((line) => (comparison.test(line) ? [`${file}: ${line.trim()}`] : [])),
  )
  // Both sides are of the operator's settings: the old ones and the new.
  expect(found).toEqual([
    expect.stringMatching(/^src\/authorizers\/iam\/access-keys\.ts: before\?\.key\.secretAccessKey/),
    expect.stringMatching(/^src\/authorizers\/iam\/access-keys\.ts: before\.key\.sessionToken/),
  ])
})

test.each([
  ['src/authorizers/bearer-tokens.ts', ['createKeyedDigest(', 'timingSafeEqual(']],
  ['src/authorizers/iam/verify-signature.ts', ['timingSafeEqual(']],
  ['src/authorizers/iam/access-keys.ts', ['timingSafeEqual(']],
  // A look-up by what only this process can make of a value tells nothing of the values that there are.
  ['src/usage/api-keys.ts', ['createKeyedDigest(']],
])('%s compares in constant time, or behind a key of the process', (file, ways) => {
  for (const way of ways) expect(textOf(file)).toContain(way)
})
