import type { Page } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import { createReconnect } from '../../src/management/playground/reconnect.js'
import { createSavedMessages } from '../../src/management/playground/saved-messages.js'
import { shownEntries } from './playground-page.ts'
import { type OpenPlayground, usePlayground } from './use-playground.ts'

let server: OpenPlayground['server']
let page: Page
usePlayground((opened) => {
  ;({ server, page } = opened)
})
beforeEach(() => page.locator('#url', { hasText: '/chat/dev' }).waitFor())

const state = (name: string) => page.locator(`#status[data-state=${name}]`).waitFor()

async function send(text: string): Promise<void> {
  await page.fill('#message', text)
  await page.press('#message', 'Control+Enter')
}

test('with Reconnect a connection that ends comes back by itself, until somebody disconnects', async () => {
  await page.check('#reconnect')
  await page.click('#connect')
  await state('open')
  await send('vanish')
  await page.locator('#status', { hasText: /^Connecting again in \d s…$/ }).waitFor()
  expect(await page.isEnabled('#disconnect')).toBe(true)
  await state('open')
  await expect.poll(() => server.seen.length).toBe(2)
  await page.click('#disconnect')
  await state('idle')
  expect((await shownEntries(page)).filter((entry) => entry.startsWith('Event | Connecting to'))).toHaveLength(2)
  await page.reload()
  expect(await page.isChecked('#reconnect')).toBe(true)
})

test('the wait for another attempt can be given up, and a first handshake that fails is not tried again', async () => {
  // A minute later than it would be, so that there is a wait however busy the machine is.
  await page.evaluate(() => {
    const plan = window.setTimeout
    window.setTimeout = ((run: () => void, millis: number) =>
      plan(run, millis > 500 ? millis + 60_000 : millis)) as typeof window.setTimeout
  })
  await page.check('#reconnect')
  await page.click('#connect')
  await state('open')
  await send('close me')
  await page.locator('#status', { hasText: 'Connecting again' }).waitFor()
  await page.click('#disconnect')
  await state('idle')
  await expect.poll(async () => (await shownEntries(page)).at(-1)).toBe('Event | It does not connect again')
  expect(await page.isEnabled('#connect')).toBe(true)

  await page.click('#more summary')
  await page.fill('#query', 'refuse')
  await page.click('#connect')
  await page.locator('#log > li', { hasText: 'The handshake failed' }).waitFor()
  await state('idle')
})

test('attempts wait longer and longer, and there is an end of them', () => {
  const waits: number[] = []
  let run: () => void = () => {}
  let cleared = 0
  const reconnect = createReconnect({
    attempt() {},
    random: () => 0.5,
    timers: {
      setTimeout(planned, millis) {
        waits.push(millis)
        run = planned
        return waits.length
      },
      clearTimeout: () => void cleared++,
    },
  })
  expect(reconnect.isUnderWay()).toBe(false)
  while (reconnect.plan() !== null) run()
  expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30, 30, 30].map((seconds) => seconds * 1000))
  expect([reconnect.isUnderWay(), cleared]).toEqual([false, 1])
  expect(reconnect.plan()).toBe(1)
})

test('a message can be saved, comes back after a reload, and can be deleted', async () => {
  await page.fill('#message', '{"action":"join",\n "room":"blue"}')
  await page.click('#save')
  await page.locator('#save-problem', { hasText: 'Saved.' }).waitFor()
  await page.reload()
  await page.click('#saved-count')
  expect(await page.textContent('#saved-count')).toBe('Saved messages (1)')
  await page.click('#saved-list .chip')
  expect(await page.inputValue('#message')).toBe('{"action":"join",\n "room":"blue"}')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('message')
  await page.click('#saved-list button:text("Delete")')
  expect(await page.locator('#saved-list li').count()).toBe(0)
  await page.fill('#message', '')
  await page.click('#save')
  await page.locator('#save-problem', { hasText: 'There is no message to save.' }).waitFor()
})

test('saved messages have a limit of number and of length, and a storage that is full or spoilt does no harm', () => {
  const stored = new Map<string, string>()
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
  }
  const saved = createSavedMessages(storage)
  for (let i = 0; i < 50; i++) expect(saved.save(`message ${i}`)).toBeNull()
  expect(saved.save('one more')).toBe('50 messages are saved: delete one first.')
  expect(saved.save('message 3')).toBeNull()
  expect(createSavedMessages(storage).all().slice(0, 2)).toEqual(['message 3', 'message 49'])
  saved.remove('message 3')
  expect(saved.save('x'.repeat(20_001))).toMatch(/^A message of more than 20,000 characters/)
  expect(saved.all()).toHaveLength(49)
  const full = createSavedMessages({
    getItem: () => '{"not":"a list"}',
    setItem: () => {
      throw new Error('full')
    },
  })
  expect([full.save('x'), full.all()]).toEqual(['This browser has no room for it.', []])
})

test('query and subprotocols stay for the tab, open to be seen, and not for the next one', async () => {
  await page.click('#more summary')
  await page.fill('#query', 'token=s3cret')
  await page.fill('#protocols', 'chat')
  await page.reload()
  await page.locator('#url', { hasText: '/chat/dev?token=s3cret' }).waitFor()
  expect(await page.isVisible('#protocols')).toBe(true)
  await page.click('#connect')
  await state('open')
  expect(await page.textContent('#protocol')).toBe('chat')
  expect(server.seen.at(-1)).toEqual({ url: '/chat/dev?token=s3cret' })
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain('s3cret')
})
