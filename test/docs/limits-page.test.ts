import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { expect, onTestFinished, test } from 'vitest'
import { checkDefinitions } from '../../src/app/check.ts'
import { readSettings } from '../../src/config/read-settings.ts'
import { longestAnswer } from '../../src/limits/bounded-store.ts'
import { countsForMillis } from '../../src/limits/redis/limit-store.ts'
import { bucketsInExchange } from '../../src/limits/shared-buckets.ts'
import { sharingTimings } from '../../src/limits/sharing.ts'
import { readPage } from '../helpers/markdown.ts'

const page = readPage('docs/limits.md')

test('the throttles of a stage are a definition without faults, and name only what there is', async () => {
  const stages = page.blocks.find(({ text }) => text.startsWith('stages:'))?.text ?? expect.fail('no stages')
  const folder = await mkdtemp(join(tmpdir(), 'postern-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'chat'))
  const head = 'apiId: chat\nprotocolType: WEBSOCKET\nrouteSelectionExpression: $request.body.action\n'
  await writeFile(join(folder, 'chat', 'api.yaml'), `${head}routes: { $connect: {}, sendMessage: {} }\n${stages}`)
  const { settings, locate } = await readSettings({ flags: { dir: folder }, env: {}, file: null })
  if (settings === null) throw new Error('no settings')
  expect((await checkDefinitions(settings, locate)).map(formatFault)).toEqual([])
})

test('the times and numbers of sharing are those that workers keep to', () => {
  const text = page.text.replaceAll('\n', ' ')
  expect(text).toContain(`_d_ = ${sharingTimings.interval / 1000} s plus`.replaceAll('_', '*'))
  expect(text).toContain(`${1000 / sharingTimings.interval === 10 ? 'ten' : '?'} times a second it hands over`)
  expect(text).toContain(`after ${longestAnswer === 500 ? 'half a second' : '?'} without an answer`)
  expect(text).toContain(`in the last ${countsForMillis / 1000} seconds`)
  expect(text).toContain(`once for up to ${bucketsInExchange.toLocaleString('en-US')} buckets`)
})
