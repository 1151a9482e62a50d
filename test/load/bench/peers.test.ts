import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { describe, expect, test, vi } from 'vitest'
import { lookForPeers } from '../../../load/bench/bench-peers.ts'
import { LoadSocket } from '../../../load/bench/client/load-socket.ts'
import { startFleet } from '../../../load/bench/client-fleet.ts'
import { type Measurement, measureRound } from '../../../load/bench/measure.ts'
import type { WorkResult } from '../../../load/bench/peers/compare.ts'
import type { Peer, PeerWork, Site, WorkName } from '../../../load/bench/peers/contract.ts'
import { peers } from '../../../load/bench/peers/list.ts'
import { nchanConfig } from '../../../load/bench/peers/nchan.ts'
import { proxyConfig } from '../../../load/bench/peers/nginx.ts'
import { nginxConfig } from '../../../load/bench/peers/nginx-config.ts'
import { startPeerServer } from '../../../load/bench/peers/node-server.ts'
import { isRunning } from '../../../load/bench/peers/process-tree.ts'
import { programFolder, startProgram } from '../../../load/bench/peers/program.ts'
import { pushpinConfig } from '../../../load/bench/peers/pushpin.ts'
import { peersInMarkdown } from '../../../load/bench/peers/report.ts'
import { socketIo } from '../../../load/bench/peers/socket-io.ts'
import { message, works } from '../../../load/bench/peers/works.ts'
import { ws } from '../../../load/bench/peers/ws.ts'
import { summary } from '../../../load/bench/report.ts'
import { baseline } from '../../../load/bench/targets.ts'

// Each starts several processes.
vi.setConfig({ testTimeout: 120_000 })

const work = (name: WorkName) => works.find((each) => each.name === name) as (typeof works)[number]
type Doable = Extract<PeerWork, { load: unknown }>

async function withSite<Result>(run: (site: Site) => Promise<Result>): Promise<Result> {
  const backend = await startPeerServer('backend.mjs')({ backend: { url: '', port: 0 } })
  try {
    return await run({ backend: { url: `http://127.0.0.1:${backend.port}`, port: backend.port }, apis: '' })
  } finally {
    await backend.stop()
  }
}

describe('a peer from npm does every work that it says it can, and every frame is counted', () => {
  const manyWork = ['fan-out', 'fan-out-8', 'idle'] as const
  const few: Partial<Record<WorkName, object>> = Object.fromEntries(manyWork.map((name) => [name, { connections: 50 }]))
  const cases = [ws, socketIo].flatMap((peer) =>
    works.flatMap(({ name }) =>
      'cannot' in peer.works[name] ? [] : [{ peer: peer.name, name, how: peer.works[name] }],
    ),
  )
  test.each(cases)('$peer: $name', async ({ name, how }) => {
    const [measured] = await withSite((site) => {
      const start = async () => {
        const servers = await (how as Doable).start(site)
        return { ...servers, residentPids: servers.pids, load: { ...(how as Doable).load, ...few[name] } }
      }
      const task = work(name)
      const small = { ...task, load: { ...task.load, ...few[name] } }
      return measureRound(small, [start], { warmUpSeconds: 0.1, seconds: 0.3, clients: 1 })
    })
    expect(measured?.rate).toBeGreaterThan(0)
    if (name.startsWith('push')) expect(measured?.answerP50).toBeGreaterThan(0)
  })
})

describe('work that was not done fails the run', () => {
  const start = startPeerServer('ws.mjs')
  const options = { ...work('push').load, ...(ws.works.push as Doable).load, connections: 2, posters: 1 }

  test.each([
    ['push', '/push/nobody', '1 posts, 1 answers, 0 frames; status 410'],
    ['fan-out', '/push/nobody', 'of 2 frames 2 did not come; status 410'],
  ] as const)('%s: a frame that does not come', async (kind, path, account) => {
    const server = await start({ backend: { url: 'http://127.0.0.1:1', port: 1 } })
    const request = { path, contentType: 'text/plain', body: message, status: 200 }
    const fleet = await startFleet(1, { ...options, kind, request, port: server.port, patienceMillis: 2_500 })
    await fleet.resume()
    await expect(fleet.pause()).rejects.toThrow(account)
    fleet.close()
    await server.stop()
  })

  test('a message that is not answered', async () => {
    const server = await baseline('accept.mjs', '')()
    const load = { ...work('message').load, connections: 2, port: server.port, patienceMillis: 2_500 }
    const fleet = await startFleet(1, load)
    await fleet.resume()
    await expect(fleet.pause()).rejects.toThrow('2 messages wait for their reply')
    fleet.close()
    await server.stop()
  })

  test('a frame of another length', async () => {
    const servers = () => start({ backend: { url: 'http://127.0.0.1:1', port: 1 } })
    const target = async () => ({ ...(await servers()), name: 'ws', load: { ...options, frameBytes: 91 } })
    const round = measureRound(work('push'), [target], { warmUpSeconds: 0.1, seconds: 0.1, clients: 1 })
    await expect(round).rejects.toThrow(/^push, ws: \d+ errors in \d+ operations; the first: a frame of 90 bytes$/)
  })
})

test('a client of Socket.IO answers the pings of the server', async () => {
  const http = createServer()
  const io = new Server(http, { transports: ['websocket'], pingInterval: 20, pingTimeout: 60_000 })
  const threePongs = new Promise<void>((resolve) => {
    let missing = 3
    io.on('connection', (socket) => socket.conn.on('heartbeat', () => --missing === 0 && resolve()))
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { load } = socketIo.works.idle as Doable
  const { port } = http.address() as AddressInfo
  const socket = new LoadSocket({ ...work('idle').load, ...load, port })
  await socket.open()
  expect(socket.address).toMatch(/^[\w-]{20}$/)
  await threePongs
  socket.reset()
  await io.close()
})

describe('who takes part', () => {
  test('every peer does each work or says why not', () => {
    for (const { works: theirs } of peers) {
      expect(Object.keys(theirs).sort()).toEqual(works.map(({ name }) => name).sort())
      for (const how of Object.values(theirs)) if ('cannot' in how) expect(how.cannot).not.toBe('')
    }
  })

  test('a peer that is missing is left out with the command that installs it', async () => {
    const absent: Peer = { ...ws, name: 'Absent', install: 'apt-get install absent', version: async () => null }
    const { present, missing } = await lookForPeers([ws, absent])
    expect(present.map(({ peer }) => peer.name)).toEqual(['ws'])
    expect(missing).toEqual(['Absent is left out: this machine does not have it (apt-get install absent).'])
  })

  test('peers from npm are here, with their versions', async () => {
    expect(await ws.version()).toMatch(/^\d+\.\d+\.\d+$/)
    expect(await socketIo.version()).toMatch(/^\d+\.\d+\.\d+, Redis adapter \d+\.\d+\.\d+$/)
  })
})

describe('configurations', () => {
  test('nginx: one worker, no access log, nothing outside of its folder', () => {
    const config = nginxConfig({ modules: ['/m.so'], isRoot: true, http: 'here\n' })
    expect(config).toMatch(/^load_module \/m\.so;\ndaemon off;\nuser www-data;\nworker_processes 1;/)
    expect(config).toContain('access_log off;')
    expect(config).toContain('here\n}\n')
    for (const [, path] of config.matchAll(/(?:_path|pid|_file) (\S+);/g)) expect(path).not.toMatch(/^\//)
    expect(nginxConfig({ modules: [], isRoot: false, http: '' })).not.toContain('user ')
  })

  test('nginx as a proxy keeps its connections to the backend', () => {
    const config = proxyConfig(1234, 5678)
    expect(config).toContain('server 127.0.0.1:5678;\n    keepalive 128;')
    expect(config).toContain('proxy_http_version 1.1;\n      proxy_set_header Connection "";')
    expect(config).toContain('listen 127.0.0.1:1234;')
  })

  test('Nchan stores nothing, alone or with a Redis', () => {
    expect(nchanConfig(1234).match(/nchan_store_messages off;/g)).toHaveLength(2)
    const fleet = nchanConfig(1234, { redisUrl: 'redis://127.0.0.1:6379' })
    expect(fleet).toContain('nchan_redis_server redis://127.0.0.1:6379;')
    expect(fleet.match(/nchan_redis_storage_mode nostore;/g)).toHaveLength(2)
  })

  test('Nchan asks the backend about subscribers alone, over connections that stay', () => {
    const config = nchanConfig(1234, { backendPort: 5678 })
    expect(config.match(/nchan_authorize_request \/authorize;/g)).toHaveLength(1)
    expect(config).toContain('server 127.0.0.1:5678;\n    keepalive 128;')
    expect(config).toContain('internal;\n      proxy_pass http://backend/connect;')
  })

  test('Pushpin listens on loopback, keeps to its folder, and has no rate limit', () => {
    const config = pushpinConfig({ folder: '/tmp/here', port: 1234, controlPort: 5678 })
    expect(config).toContain('http_port=127.0.0.1:1234\n')
    expect(config).toContain('push_in_http_addr=127.0.0.1\npush_in_http_port=5678\nmessage_rate=0\n')
    expect(config).toContain('services=condure,zurl,pushpin-proxy,pushpin-handler\n')
    for (const [, path] of config.matchAll(/dir=(\S+)/g)) expect(path).toMatch(/^\/tmp\/here\//)
    expect(config).not.toContain('tcp://')
  })
})

describe('a program that is not ours', () => {
  test('ends with all that it started, and its folder goes with it', async () => {
    const folder = await programFolder()
    // The shell ends when it is told to; the child that it leaves behind does not.
    const script = '(trap "" TERM; while :; do sleep 1; done) & touch ready; while :; do sleep 1; done'
    const program = await startProgram({
      command: 'sh',
      args: ['-c', script],
      folder,
      isReady: async () => existsSync(`${folder}/ready`),
      graceMillis: 100,
    })
    expect(program.pids.length).toBeGreaterThan(1)
    expect(program.pids.every(isRunning)).toBe(true)
    await program.stop()
    await program.stop()
    expect(program.pids.some(isRunning)).toBe(false)
    expect(existsSync(folder)).toBe(false)
  })

  test('is reported with what it wrote when it ends at once', async () => {
    const options = { folder: await programFolder(), isReady: async () => false }
    const started = startProgram({ ...options, command: 'sh', args: ['-c', 'echo no way >&2; exit 1'] })
    await expect(started).rejects.toThrow('sh ended:\nno way\n')
  })

  test('is reported when there is no such program', async () => {
    const options = { folder: await programFolder(), isReady: async () => false }
    await expect(startProgram({ ...options, command: 'no-such-program', args: [] })).rejects.toThrow('no-such-program')
  })
})

test('the page shows figures, the ratio to the gateway, and a reason where there are none', () => {
  const rest = { rate: 1234.4, load: Number.NaN, p50: 100, p99: 2000, answerP50: Number.NaN, answerP99: Number.NaN }
  const figures = summary([10, 20, 30].map((value): Measurement => ({ ...rest, value, counted: {} })))
  const result: WorkResult = {
    work: work('push'),
    lines: [
      { peer: 'Postern', figures, ratio: 1, note: null },
      { peer: 'nginx', figures: null, ratio: null, note: 'cannot' },
    ],
  }
  const text = peersInMarkdown([result])
  expect(text).toContain(
    '| server | cost | ÷ Postern | ± | rate | p50 | p99 |\n| --- | --: | --: | --: | --: | --: | --: |\n' +
      '| Postern | 20.00 µs CPU | 1.00 | 50 % | 1,234/s | 0.10 ms | 2.00 ms |\n| nginx | n/a | – | – | – | – | – |\n',
  )
  expect(text).toContain('- nginx (n/a): cannot.\n')
})
