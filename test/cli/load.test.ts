import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { Io } from '../../src/cli/io.ts'
import { runLoadTool } from '../../src/cli/load.ts'
import { run } from '../../src/cli/run.ts'

function fakeIo() {
  let [out, err] = ['', '']
  const io: Io = {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    interactive: false,
    readLines: () => createInterface({ input: new PassThrough() }),
    env: {},
    onSignal: () => {},
    exit: () => {},
  }
  return { io, said: () => ({ out, err }) }
}

async function postern(...argv: string[]) {
  const { io, said } = fakeIo()
  const code = await run(argv, io)
  return { code, ...said() }
}

test('postern load is the load tool, whose help speaks of postern load', async () => {
  const { code, out } = await postern('load', '--help')
  expect(code).toBe(0)
  expect(out).toMatch(/^Usage: postern load \[options\] \[command\] <scenario>\n/)
  expect(out).toContain('\n  postern load load/soak.yaml --set phases.1.duration=8h\n')
  expect(await postern('help', 'load')).toEqual({ code: 0, out, err: '' })
})

test('what stands behind postern load is read by the tool alone', async () => {
  const usage = '(postern load --help shows what is allowed)\n'
  expect(await postern('load')).toEqual({
    code: 2,
    out: '',
    err: `error: missing required argument 'scenario'\n${usage}`,
  })
  expect((await postern('load', '--version')).err).toBe(`error: unknown option '--version'\n${usage}`)
  expect((await postern('load', 'compare', 'a.json', '--json')).err).toMatch(/^error: give two results, one before/)
  expect(await postern('load', 'absent.yaml', '--workers', '1')).toMatchObject({
    code: 2,
    err: 'absent.yaml: no such file or folder\n1 fault\n',
  })
  const { code, err } = await postern('load', 'compare', 'absent.json', 'b.json')
  expect([code, err]).toEqual([2, expect.stringMatching(/^postern: absent\.json: it can't be read/)])
})

test('without the tool, postern load says how to get it and ends as wrong usage', async () => {
  const { io, said } = fakeIo()
  const absent = Object.assign(
    new Error("Cannot find package 'postern-load' imported from /postern/dist/cli/load.js"),
    {
      code: 'ERR_MODULE_NOT_FOUND',
    },
  )
  expect(await runLoadTool(['chat.yaml'], io, () => Promise.reject(absent))).toBe(2)
  expect(said()).toEqual({
    out: '',
    err: 'postern: the load tool is a package of its own, and it is not installed here. To get it: npm install postern-load\n',
  })
})

test('a tool that is there and does not load is a fault, not one to install', async () => {
  const { io } = fakeIo()
  const broken = Object.assign(new Error("Cannot find package 'autocannon' imported from /postern-load/dist/x.js"), {
    code: 'ERR_MODULE_NOT_FOUND',
  })
  await expect(runLoadTool([], io, () => Promise.reject(broken))).rejects.toBe(broken)
})
