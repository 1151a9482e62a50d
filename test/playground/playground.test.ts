import type { Browser, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { createTokenVerifier } from '../../src/authorizers/bearer-tokens.ts'
import { openPage, shownEntries } from './playground-page.ts'
import { type OpenPlayground, usePlayground } from './use-playground.ts'

let browser: Browser
let server: OpenPlayground['server']
let page: Page
const reopen = usePlayground((opened) => {
  ;({ browser, server, page } = opened)
})

const state = (name: string) => page.locator(`#status[data-state=${name}]`).waitFor()
const entry = (text: string) => page.locator('#log > li', { hasText: text }).last().waitFor()

const lastEntry = async () => (await shownEntries(page)).at(-1)

async function connect(): Promise<void> {
  await page.click('#connect')
  await state('open')
}

async function send(text: string): Promise<void> {
  await page.fill('#message', text)
  await page.press('#message', 'Control+Enter')
}

async function connectionId(): Promise<string> {
  const shown = page.locator('#connection-id', { hasText: /^[\w-]{15}=$/ })
  await shown.waitFor()
  return (await shown.textContent()) ?? ''
}

test('APIs and stages are there to pick, and the URL follows', async () => {
  const url = page.locator('#url')
  await url.filter({ hasText: '/chat/dev' }).waitFor()
  await page.selectOption('#stage', 'prod')
  await url.filter({ hasText: '/chat/prod' }).waitFor()
  await page.selectOption('#api', 'echo')
  await url.filter({ hasText: '/echo/v1' }).waitFor()
  await page.click('#more summary')
  await page.fill('#query', '?room=blue&x=1')
  expect(await url.textContent()).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/echo\/v1\?room=blue&x=1$/)
  await page.reload()
  await url.filter({ hasText: '/echo/v1' }).waitFor()
})

test('a message goes out with Ctrl+Enter and its answer comes in, with sizes', async () => {
  await connect()
  await send('{"action":"x","text":"grüße"}')
  await entry('Received')
  expect((await shownEntries(page)).slice(2)).toEqual([
    'Sent | {"action":"x","text":"grüße"}',
    'Received | {"action":"x","text":"grüße"}',
  ])
  expect(await page.locator('#log > li.in .size').textContent()).toBe('31 B')
  expect(await page.inputValue('#message')).toBe('')
})

test('query string and subprotocol go with the handshake, and the one agreed on is shown', async () => {
  await page.click('#more summary')
  await page.fill('#query', 'room=blue')
  await page.fill('#protocols', 'graphql-ws, chat')
  await connect()
  expect(await page.textContent('#protocol')).toBe('chat')
  expect(server.seen).toEqual([{ url: '/chat/dev?room=blue' }])
})

test('the connection id is learnt from the management port, and a push comes over that way', async () => {
  await connect()
  const id = await connectionId()
  await page.fill('#push', '{"from":"backend"}')
  await page.click('#push-send')
  await page.locator('#log > li.push').waitFor()
  expect(server.sockets.sent).toEqual([[id, '{"from":"backend"}']])
  await expect.poll(lastEntry).toBe('Pushed | {"from":"backend"}')
})

test('closing as a backend ends the connection as DELETE @connections does', async () => {
  await connect()
  const id = await connectionId()
  await page.click('#push-close')
  await state('idle')
  expect(server.sockets.closed).toEqual([[id, null, null]])
  await expect.poll(lastEntry).toContain('Closed: 1000 “Connection Closed Normally” | deletedByBackend: ')
})

test('with two connections of this browser at once, the id is what the API tells', async () => {
  const other = await openPage(browser, server.url)
  await page.evaluate(() => {
    // Both ask for the time before either connects.
    const time = fetch('/api/connections?limit=1').then((response) => response.text())
    const original = window.fetch
    window.fetch = async (input, init) =>
      String(input).endsWith('limit=1') ? new Response(await time) : original(input, init)
  })
  await other.page.click('#connect')
  await other.page.locator('#status[data-state=open]').waitFor()
  await connect()
  await page.locator('#connection-id', { hasText: 'not known' }).waitFor()
  await send('{"message": "Forbidden", "connectionId":"L0SM9cOFvHcCIhw=", "requestId":"x"}')
  expect(await connectionId()).toBe('L0SM9cOFvHcCIhw=')
  await other.page.close()
})

test('every end of a connection is shown with its code, reason and meaning', async () => {
  const ends: [string, string][] = [
    ['close me', 'Event | Closed: 4321 “as you wish” | A code of the application.'],
    ['idle', 'Event | Closed: 1001 “Going away” | idleTimeout: '],
    ['vanish', 'Event | Closed: 1006 | connectionLost: '],
  ]
  for (const [word, expected] of ends) {
    await connect()
    await send(word)
    await state('idle')
    await expect.poll(lastEntry).toContain(expected)
  }
  await connect()
  await page.click('#disconnect')
  await state('idle')
  await expect.poll(lastEntry).toBe('Event | Closed: 1000 | This page closed the connection.')
})

test('a refused handshake says where to look, since browsers do not show the response', async () => {
  await page.click('#more summary')
  await page.fill('#query', 'refuse')
  await page.click('#connect')
  await entry('The handshake failed')
  await state('idle')
  expect(await page.isEnabled('#connect')).toBe(true)
})

test('a subprotocol that the browser refuses is a line in the log', async () => {
  await page.click('#more summary')
  await page.fill('#protocols', 'not a token')
  await page.click('#connect')
  await entry('The browser refuses')
  await state('idle')
})

test('markup in messages, reasons and ids stays text', async () => {
  await connect()
  const markup = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
  await send(markup)
  await entry('Received')
  await expect.poll(lastEntry).toBe(`Received | ${markup}`)
  expect(await page.locator('#log img, #log script').count()).toBe(0)
  expect(await page.title()).toBe('Postern playground')
})

test('the arrows bring back what was sent, also after a reload, and the draft at the end', async () => {
  await connect()
  await send('first')
  await send('second\nline')
  await page.reload()
  await page.fill('#message', 'draft')
  await page.press('#message', 'ArrowUp')
  expect(await page.inputValue('#message')).toBe('second\nline')
  await page.press('#message', 'ArrowUp')
  expect(await page.inputValue('#message')).toBe('first')
  await page.press('#message', 'End')
  for (const text of ['second\nline', 'draft']) {
    await page.press('#message', 'ArrowDown')
    expect(await page.inputValue('#message')).toBe(text)
  }
})

test('arrows inside a text of several lines move the caret', async () => {
  await connect()
  await send('sent before')
  await page.fill('#message', 'one\ntwo')
  await page.press('#message', 'ArrowUp')
  expect(await page.inputValue('#message')).toBe('one\ntwo')
})

test('a route begins a message with the value that selects it', async () => {
  await page.click('.chip:text("sendMessage")')
  expect(JSON.parse(await page.inputValue('#message'))).toEqual({ action: 'sendMessage' })
  expect(await page.locator('.chip').allTextContents()).toEqual(['join', 'sendMessage'])
})

test('JSON can be spread over lines, entries filtered, and the log copied and cleared', async () => {
  await browser.contexts().at(-1)?.grantPermissions(['clipboard-read', 'clipboard-write'])
  await connect()
  await send('{"a":1}')
  await send('plain needle')
  await page.locator('#log > li.in', { hasText: 'needle' }).waitFor()
  await page.check('#pretty')
  expect(await shownEntries(page)).toContain('Received | {\n  "a": 1\n}')
  await page.fill('#filter', 'NEEDLE')
  expect(await shownEntries(page)).toEqual(['Sent | plain needle', 'Received | plain needle'])
  expect(await page.textContent('#log-count')).toBe('2 of 6 shown')
  await page.click('#copy-log')
  await page.locator('#copy-log', { hasText: 'Copied' }).waitFor()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(
    /^\S+Z ↑ plain needle\n\S+Z ↓ plain needle$/,
  )
  await page.fill('#filter', '')
  await page.click('#clear')
  expect(await shownEntries(page)).toEqual([])
  expect(await page.isVisible('#log-empty')).toBe(true)
})

test('binary and empty messages are shown as what they are', async () => {
  await connect()
  await send('binary')
  await entry('[3 bytes, binary]')
  await send('')
  await page.locator('#log > li.in', { hasText: '(empty message)' }).waitFor()
})

test('a flood keeps the newest thousand entries, and a large message is cut until asked for', async () => {
  await connect()
  await send('flood 3000')
  await entry('flood 2999')
  expect(await page.locator('#log > li').count()).toBe(1000)
  expect(await page.textContent('#log-count')).toMatch(/^1000 shown, 20\d\d older ones dropped$/)
  await send('x'.repeat(100_000))
  const received = page.locator('#log > li.in').last()
  await received.locator('button', { hasText: 'Show all 97.7 KB' }).click()
  expect((await received.locator('.entry-text').textContent())?.length).toBe(100_000)
})

test('who scrolls back is not pulled down by new entries, and a button leads to the newest', async () => {
  await connect()
  await send('flood 100')
  await entry('flood 99')
  await page.evaluate(() => document.getElementById('log')?.scrollTo(0, 0))
  await send('late')
  await page.locator('#to-newest').waitFor()
  expect(await page.evaluate(() => document.getElementById('log')?.scrollTop)).toBe(0)
  await page.click('#to-newest')
  await page.locator('#to-newest').waitFor({ state: 'hidden' })
  expect(await page.locator('#log > li').last().isVisible()).toBe(true)
})

test('with tokens the page asks for one, keeps it for the tab, and goes on', async () => {
  await reopen({ callers: createTokenVerifier(['s3cret-token']) })
  await page.fill('#token', 'wrong')
  await page.press('#token', 'Enter')
  await page.locator('#notice', { hasText: 'The token is not valid' }).waitFor()
  await page.fill('#token', 's3cret-token')
  await page.press('#token', 'Enter')
  await page.locator('#url', { hasText: '/chat/dev' }).waitFor()
  expect(await page.isVisible('#notice')).toBe(false)
  await page.reload()
  await connect()
  await connectionId()
})

test('when the management port is gone the page says so', async () => {
  await page.locator('#url', { hasText: '/chat/dev' }).waitFor()
  await page.route('**/api/**', (route) => route.abort())
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await page.locator('#notice', { hasText: 'The management port does not answer' }).waitFor()
})

test('every control has a name, and the whole page works by keyboard', async () => {
  const nameless = await page.locator('input, select, textarea, button').evaluateAll((controls) =>
    controls
      .filter((control) => {
        const labelled = 'labels' in control && (control.labels as NodeList | null)?.length
        return !labelled && !control.getAttribute('aria-label') && control.textContent?.trim() === ''
      })
      .map((control) => control.id),
  )
  expect(nameless).toEqual([])
  await page.locator('#url', { hasText: '/chat/dev' }).waitFor()
  await page.focus('#connect')
  await page.keyboard.press('Enter')
  await state('open')
  await page.focus('#message')
  await page.keyboard.type('typed')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.locator('#log > li.in', { hasText: 'typed' }).waitFor()
})

test.each(['light', 'dark'] as const)('texts have a contrast of 4.5 to 1 in %s', async (colorScheme) => {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
  await connect()
  await send('idle')
  await state('idle')
  const worst = await page
    .locator('h2, label, summary, dt, p, button:not(:disabled), .kind, time, .note, pre')
    .evaluateAll((elements) => {
      function luminance(color: string): number {
        const channels = (color.match(/[\d.]+/g) ?? []).slice(0, 3).map((value) => Number(value) / 255)
        const [r = 0, g = 0, b = 0] = channels.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
      }
      function ground(element: Element | null): string {
        const color = element === null ? 'rgb(255, 255, 255)' : getComputedStyle(element).backgroundColor
        return element !== null && color === 'rgba(0, 0, 0, 0)' ? ground(element.parentElement) : color
      }
      return elements
        .filter((element) => element.checkVisibility() && element.textContent?.trim() !== '')
        .map((element): [number, string] => {
          const [low = 0, high = 0] = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort(
            (a, b) => a - b,
          )
          return [(high + 0.05) / (low + 0.05), element.outerHTML.slice(0, 100)]
        })
        .sort((a, b) => a[0] - b[0])[0]
    })
  expect(worst?.[0], worst?.[1]).toBeGreaterThanOrEqual(4.5)
})

test('on a small screen nothing sticks out sideways', async () => {
  await page.setViewportSize({ width: 340, height: 700 })
  await connect()
  await send(`{"long":"${'x'.repeat(400)}"}`)
  await entry('Received')
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(340)
})
