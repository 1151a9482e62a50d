import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  chooseTransport,
  type TransportSurroundings,
  type TransportWish,
} from '../../src/transport/choose-transport.ts'
import type { CreateTransport } from '../../src/transport/contract.ts'
import { silentLog } from '../helpers/management.ts'
import { defaultOptions } from './harness.ts'
import { RawClient } from './raw-client.ts'
import { uwsLoads } from './uws-loads.ts'

const choose = (wish: Partial<TransportWish>, parts: Partial<TransportSurroundings> = {}) =>
  chooseTransport(
    { transport: 'auto', uwsModule: null, ...wish },
    { environment: process.env, log: silentLog, ...parts },
  )

/** A folder that holds a package of the name `their-uws`, whose main file has this text. */
async function installed(main: string, file = 'uws.cjs'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-uws-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const description = { name: 'their-uws', version: '20.57.0', main: file }
  await writeFile(join(folder, 'package.json'), JSON.stringify(description))
  await writeFile(join(folder, file), main)
  return folder
}

function nativeFile(): string {
  const dist = dirname(fileURLToPath(import.meta.resolve('uWebSockets.js')))
  const { platform, arch, versions } = process
  return join(dist, 'bin', `uws_${platform}_${arch}_${versions.modules}.node`)
}

/** The native code alone, which a package of the author's exports by default: no names, and what we need inside. */
const native = () => `const { _cfg, ...rest } = require(${JSON.stringify(nativeFile())})
module.exports = rest`

/** All members by default, and those that we need by names, as an ES module: builds from 20.57 on are like this. */
const namedInPart = () => `import { createRequire } from 'node:module'
const uws = createRequire(import.meta.url)(${JSON.stringify(nativeFile())})
export default { ...uws, _cfg: (key) => { globalThis.asked = key } }
export const { App, SSLApp, us_listen_socket_close, us_socket_local_port, LIBUS_LISTEN_EXCLUSIVE_PORT } = uws
export const { DISABLED, SHARED_COMPRESSOR, SHARED_DECOMPRESSOR } = uws`

/** The answer to a request over a server underneath, which has its path as body. */
async function answerOver(createTransport: CreateTransport) {
  const transport = createTransport(defaultOptions, {
    ...{ upgrade() {}, message() {}, pinged() {}, close() {} },
    request: (exchange) => exchange.respond(200, [], exchange.request.path),
  })
  onTestFinished(() => transport.close())
  const client = RawClient.to(await transport.listen()).write('GET /theirs HTTP/1.1\r\nHost: a\r\n\r\n')
  return client.readResponse()
}

const broken = "throw new Error('no build for this system\\nand a second line')"

describe('auto', () => {
  test.skipIf(!uwsLoads)(
    'is the build that comes with the gateway where it loads, with what is known of it',
    async () => {
      const { server, why, knownFault } = await choose({})
      expect(server).toMatch(/^uWebSockets\.js \(uws-pack 20\.\d+\.\d+\)$/)
      expect(why).toBe('transport is auto; this build loads')
      expect(knownFault).toMatch(/answers 505 .* uwsModule, or choose transport: node$/)
    },
  )

  test.skipIf(!uwsLoads)(
    'is the build of the operator before that, also one that lacks what is not needed',
    async () => {
      const folder = await installed(native())
      const { server, why, knownFault, createTransport } = await choose({ uwsModule: folder })
      expect([server, why, knownFault]).toEqual([
        ...['uWebSockets.js (their-uws 20.57.0)', 'transport is auto; this build loads', null],
      ])
      expect(await answerOver(createTransport)).toMatchObject({ status: 200, body: '/theirs' })
    },
  )

  test.skipIf(!uwsLoads)('silences a build that names a part of its members only', async () => {
    const folder = await installed(namedInPart(), 'uws.mjs')
    await choose({ uwsModule: folder })
    expect(globalThis).toHaveProperty('asked', 'silent')
    Reflect.deleteProperty(globalThis, 'asked')
  })

  test.skipIf(!uwsLoads)('goes on to the next build where one does not load, and says so', async () => {
    const folder = await installed(broken)
    const { server, why } = await choose({ uwsModule: folder })
    expect(server).toContain('uws-pack')
    expect(why).toBe(`transport is auto; ${folder} does not load: no build for this system; this build loads`)
  })

  test('names the reason of a build that says first which systems it supports', async () => {
    const reason = "Error: libc.so.6: version `GLIBC_2.38' not found (required by uws.node)"
    const folder = await installed(`throw new Error(${JSON.stringify(`Only for glibc Linux.\n\n${reason}\nstack`)})`)
    const { why } = await choose({ uwsModule: folder }, { ownModule: 'no-such-build' })
    expect(why).toContain(`${folder} does not load: Only for glibc Linux. ${reason}; no-such-build does not load`)
  })

  test('is Node.js where none loads, and says why', async () => {
    const folder = await installed(broken)
    const { server, why, knownFault } = await choose({ uwsModule: folder }, { ownModule: 'no-such-build' })
    expect(server).toBe(`Node.js ${process.versions.node} (node:http and ws)`)
    expect(why).toContain(
      `transport is auto, and ${folder} does not load: no build for this system; no-such-build does not`,
    )
    expect(knownFault).toBeNull()
  })
})

test('node is Node.js, whatever is installed', async () => {
  const { server, why } = await choose({ transport: 'node' })
  expect([server, why]).toEqual([`Node.js ${process.versions.node} (node:http and ws)`, 'transport is node'])
})

test.each([
  ['throws', broken, 'no build for this system'],
  ['is something else', 'module.exports = { App() {} }', 'it is no build of uWebSockets.js'],
])('uws where the only build %s is refused with the remedy', async (_, main, why) => {
  const folder = await installed(main)
  const choice = choose({ transport: 'uws', uwsModule: folder }, { ownModule: 'no-such-build' })
  await expect(choice).rejects.toThrow(
    `transport is uws, but ${folder} does not load: ${why}; no-such-build does not load`,
  )
  await expect(choice).rejects.toThrow(/npm i uNetworking\/uWebSockets\.js.* or choose transport: node$/)
})
