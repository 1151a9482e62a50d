import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import { openPage } from './playground-page.ts'
import { type OpenPlayground, usePlayground } from './use-playground.ts'

let browser: Browser
let server: OpenPlayground['server']
let page: Page
usePlayground((opened) => {
  ;({ browser, server, page } = opened)
})
beforeEach(() => page.locator('#url', { hasText: '/chat/dev' }).waitFor())

const state = (name: string) => page.locator(`#status[data-state=${name}]`).waitFor()
const focused = () => page.evaluate(() => document.activeElement?.id)

/** Every rule of WCAG 2.2 A and AA, and of good practice, that the page breaks as it stands, with what breaks it. */
async function broken(): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source)
  const { violations } = await page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run())
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`))
}

test.each(['light', 'dark'] as const)(
  'axe finds nothing in %s: idle, connected, with entries, at the end',
  async (colorScheme) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.click('#more summary')
    expect(await broken()).toEqual([])
    await page.click('#connect')
    await state('open')
    await page.fill('#message', '{"a":1}')
    await page.click('#save')
    await page.click('#saved summary')
    await page.press('#message', 'Control+Enter')
    await page.locator('#log > li.in').waitFor()
    await page.fill('#push', 'x')
    await page.click('#push-send')
    await page.locator('#log > li.push').waitFor()
    await page.click('#copy-log')
    await page.fill('#message', 'idle')
    await page.press('#message', 'Control+Enter')
    await state('idle')
    expect(await broken()).toEqual([])
    await page.evaluate(() => (document.getElementById('token-dialog') as HTMLDialogElement).showModal())
    expect(await broken()).toEqual([])
  },
  60_000,
)

test('the log is a live region with a list in it, whose entries are items', async () => {
  await page.click('#connect')
  await state('open')
  const items = page.getByRole('log').getByRole('list', { name: 'Frames and events' }).getByRole('listitem')
  await expect.poll(() => items.count()).toBe(2)
})

test('after Connect the focus is where a message is written, after the end on Connect, and else it stays', async () => {
  expect(await focused()).toBe('')
  await page.focus('#connect')
  await page.keyboard.press('Enter')
  await state('open')
  expect(await focused()).toBe('message')
  await page.keyboard.type('close me')
  await page.keyboard.press('Control+Enter')
  await state('idle')
  expect(await focused()).toBe('message')

  await page.click('#connect')
  await state('open')
  await page.click('#disconnect')
  await state('idle')
  expect(await focused()).toBe('connect')

  await page.keyboard.press('Enter')
  await page.focus('#filter')
  await state('open')
  expect(await focused()).toBe('filter')
})

test('on a phone the log is the first to be seen, and connecting brings no keyboard over it', async () => {
  const phone = await openPage(browser, server.url, {
    viewport: { width: 390, height: 800 },
    hasTouch: true,
    isMobile: true,
  })
  await phone.page.locator('#url', { hasText: '/chat/dev' }).waitFor()
  const top = (selector: string) =>
    phone.page.locator(selector).evaluate((element) => element.getBoundingClientRect().top)
  expect(await top('.log')).toBeLessThan(await top('#connect-form'))
  expect(await top('#connect')).toBeLessThan(800)
  await phone.page.tap('#connect')
  await phone.page.locator('#status[data-state=open]').waitFor()
  expect(await phone.page.evaluate(() => document.activeElement?.id)).toBe('disconnect')
  expect(await phone.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  const shown = await phone.page.locator('#log > li').last().boundingBox()
  expect(shown?.y).toBeLessThan(800)
  expect(phone.faults).toEqual([])
  await phone.page.close()
})
