import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LoadResult } from '../../../load/src/contract.ts'
import { htmlReport } from '../../../load/src/report/html-report.ts'
import { startBrowser } from '../../helpers/browser.ts'
import { makeResult } from '../results.ts'

let browser: Browser
let folder: string

beforeAll(async () => {
  browser = await startBrowser()
  folder = await mkdtemp(join(tmpdir(), 'postern-'))
})
afterAll(async () => {
  await browser.close()
  await rm(folder, { recursive: true, force: true })
})

type PageOptions = NonNullable<Parameters<Browser['newPage']>[0]>

/** The report opened from a file, and whatever it asked for, said to the console, or did that it should not. */
async function open(result: LoadResult, options: PageOptions = {}): Promise<{ page: Page; faults: string[] }> {
  const file = join(folder, 'report.html')
  await writeFile(file, htmlReport(result))
  const page = await browser.newPage(options)
  const faults: string[] = []
  const { href } = pathToFileURL(file)
  page.on('request', (request) => {
    if (request.url() !== href) faults.push(`asked for ${request.url()}`)
  })
  page.on('console', (message) => faults.push(`console: ${message.text()}`))
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.goto(href)
  return { page, faults }
}

const good = makeResult({ hold: 20, samples: 60 })
const long = makeResult({ hold: 3000, samples: 5, errors: 5 })
const bad = makeResult({ hold: 20, samples: 60, errors: 20, lost: 7, stall: 15 })

test('it opens from a file without a request, a script, or a word on the console', async () => {
  const { page, faults } = await open(bad)
  expect(await page.title()).toBe('chat-room: Failed – load test')
  expect(await page.locator('script, img, link, iframe, [style], [onload]').count()).toBe(0)
  expect(await page.locator('h2').allTextContents()).toEqual([
    ...['Thresholds and checks', 'Latency', 'Messages', 'Connections', 'Errors', 'Target', 'Client', 'How it was run'],
  ])
  expect(faults).toEqual([])
  await page.close()
})

test('the verdict is the first thing to see', async () => {
  const { page } = await open({
    ...bad,
    client: { ...bad.client, wasBottleneck: true, why: ['Its event loop was 900 ms late.'] },
  })
  const badge = page.locator('h1 .badge')
  expect(await badge.textContent()).toBe('Failed – not to be trusted')
  expect(await page.locator('.verdict li').allTextContents()).toEqual([
    'The client was the bottleneck. These figures say more of the load client than of the target. Its event loop was 900 ms late.',
    'Failed. 3 of 3 thresholds do not hold.',
    '7 frames lost. Of 15,250 expected; their clients stayed connected and never got them.',
    expect.stringMatching(/^500 errors\. 0\.\d+ % of [\d,]+ operations\. Most are replyTimeout \(400\): /),
    'The target runs on this machine too: it and the client share its cores.',
  ])
  const view = page.viewportSize()
  for (const first of [badge, page.locator('.verdict'), page.locator('.tiles')]) {
    const box = await first.boundingBox()
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThan(view?.height ?? 0)
  }
  await page.close()
})

test('every chart has lines, a name, phases, and its figures in a table', async () => {
  const { page } = await open(bad)
  expect(await page.locator('figure h3').allTextContents()).toEqual([
    ...['Latency by percentile', 'Handshake latency', 'Reply latency', 'Push latency', 'Post latency'],
    ...['Messages', 'Pushes through @connections', 'Bytes', 'Connections', 'Opened and closed', 'Errors by kind'],
    ...['CPU', 'Memory', 'Event loop lag', 'CPU of client and machine'],
  ])
  for (const figure of await page.locator('figure').all()) {
    const name = await figure.locator('h3').textContent()
    const box = await figure.locator('.drawing path').first().boundingBox()
    expect((box?.width ?? 0) + (box?.height ?? 0), `${name}`).toBeGreaterThan(20)
    expect(await figure.locator('.legend li').count(), `${name}`).toBeGreaterThan(0)
    expect(await figure.locator('svg[role=img]').count(), `${name}`).toBe(1)
    await figure.locator('summary').click()
    expect(await figure.locator('details tbody tr:visible').count(), `${name}`).toBeGreaterThan(2)
  }
  expect(await page.locator('#chart-messages .phase:visible').allTextContents()).toEqual([
    ...['ramp', 'hold', 'spike', 'drain'],
  ])
  await page.close()
})

test('pointing at a second shows its figures without a script', async () => {
  const { page, faults } = await open(good, { javaScriptEnabled: false })
  const plot = page.locator('#chart-latency-reply .plot')
  await plot.scrollIntoViewIfNeeded()
  const box = await plot.boundingBox()
  if (box === null) throw new Error('no plot')
  expect(await plot.locator('.at text:visible').count()).toBe(0)
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5)
  await expect
    .poll(() => plot.locator('.at text:visible').allTextContents())
    .toEqual([expect.stringMatching(/^0:(19|20) · p50 [\d.]+ · p90 [\d.]+ · p99 [\d.]+ · max [\d.]+$/)])
  expect(faults).toEqual([])
  await page.close()
})

test.each<[string, PageOptions]>([
  ['a desk', { viewport: { width: 1280, height: 900 } }],
  ['a phone', { viewport: { width: 360, height: 740 } }],
  ['a phone in the dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }],
])('on %s nothing is wider than the page, and no label covers another', async (_, options) => {
  const { page } = await open(long, options)
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
  const charts = (await page.evaluate(
    `[...document.querySelectorAll('.plot, .y-axis')].map((chart) => [...chart.querySelectorAll('text')]
      .filter((text) => text.closest('.at') === null && getComputedStyle(text).display !== 'none')
      .map((text) => ({ text: text.textContent, ...text.getBoundingClientRect().toJSON() })))`,
  )) as Box[][]
  expect(charts.length).toBeGreaterThan(20)
  expect(charts.flatMap(overlaps)).toEqual([])
  await page.close()
})

interface Box {
  readonly text: string
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

function overlaps(boxes: readonly Box[]): string[] {
  return boxes.flatMap((a, index) =>
    boxes
      .slice(index + 1)
      .filter((b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3)
      .map((b) => `${a.text} covers ${b.text}`),
  )
}

test('text can be told from its ground in the light and in the dark', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await open(bad, { colorScheme })
    const colours = (await page.evaluate(
      `(() => { const style = getComputedStyle(document.documentElement)
        return Object.fromEntries(${JSON.stringify(coloursUsed)}.map((name) => [name, style.getPropertyValue('--' + name)])) })()`,
    )) as Record<string, string>
    const of = (name: string) => luminance(colours[name] ?? '')
    for (const [ink, ground] of [
      ...['ink', 'soft', 'good', 'warn', 'bad'].flatMap((name) => [[name, 'card'] as const, [name, 'ground'] as const]),
      ...(['good', 'warn', 'bad'] as const).map((name) => [name, `${name}-ground`] as const),
      ...['warn-ground', 'bad-ground', 'plain-ground'].map((name) => ['ink', name] as const),
    ]) {
      expect(contrast(of(ink), of(ground)), `${ink} on ${ground}, ${colorScheme}`).toBeGreaterThan(4.5)
    }
    for (const line of ['s1', 's2', 's3', 's4', 's5', 's6']) {
      expect(contrast(of(line), of('band-odd')), `${line}, ${colorScheme}`).toBeGreaterThan(3)
    }
    await page.close()
  }
})

const coloursUsed = [
  ...['ink', 'soft', 'card', 'ground', 'good', 'warn', 'bad', 'good-ground', 'warn-ground', 'bad-ground'],
  ...['plain-ground', 'band-odd', 's1', 's2', 's3', 's4', 's5', 's6'],
]

/** WCAG 2.1, relative luminance of `#rrggbb`. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.trim().slice(at, at + 2), 16) / 255
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

const attacks = [
  '</script><script>alert(1)</script>',
  '"><img src=x onerror=alert(2)>',
  "' onmouseover='alert(3)",
  '</style><style>@import url(http://127.0.0.1:9/x)</style>',
  '</title></text></svg><svg onload=alert(4)>',
  '<iframe srcdoc="<script>alert(5)</script>">',
  '<meta http-equiv=refresh content="0;url=http://127.0.0.1:9/">',
  '<!-- <![CDATA[ &lt;script&gt; {{x}} ${y} \u202e\u0000',
]

/** The same result with every text in it hostile, those of members that others name too. */
function hostile(value: unknown, texts: { next: number }): unknown {
  if (typeof value === 'string') return attacks[texts.next++ % attacks.length]
  if (Array.isArray(value)) return value.map((each) => hostile(each, texts))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, hostile(each, texts)]))
}

test.each(attacks.map((_, index) => index))('hostile text does nothing, wherever it stands (%i)', async (next) => {
  const spoiled = hostile(bad, { next }) as LoadResult
  const attack = attacks[next] as string
  const { page, faults } = await open({
    ...spoiled,
    run: { ...spoiled.run, description: attack, ended: 'limit', endedWhy: attack, definition: { [attack]: attack } },
    phases: spoiled.phases.map((each, index) => ({ ...each, kind: bad.phases[index]?.kind ?? 'hold' })),
    latencies: bad.latencies,
    closes: { [attack]: 3 },
    statuses: { handshakes: { [attack]: 3 }, posts: {}, rest: {} },
    errors: { [attack]: 5 },
    seconds: bad.seconds.map((each) => ({ ...each, errors: { [attack]: 1 } })),
    client: { ...bad.client, wasBottleneck: true, why: [attack], notes: [attack] },
    checks: [{ name: attack, passed: 1, failed: 1, sample: attack }],
  })
  expect(await page.locator('script, img, iframe, meta[http-equiv=refresh], [onload], [onmouseover]').count()).toBe(0)
  expect(await page.locator('style').count()).toBe(1)
  const shown = attack.replaceAll(/[\u202e\0]/g, '\ufffd')
  expect(await page.locator('.verdict').textContent()).toContain(shown)
  expect(await page.locator('pre').textContent()).toContain('alert'.slice(0, attack.includes('alert') ? 5 : 0))
  await page.locator('body').hover()
  expect(faults).toEqual([])
  await page.close()
})

test('a result with next to nothing in it is a page too', async () => {
  const empty: LoadResult = {
    ...good,
    run: { ...good.run, ended: 'interrupted', duration: 120, definition: null, description: null, targets: [] },
    phases: [],
    seconds: [],
    latencies: { handshake: null, reply: null, push: null, post: null, fanOut: null, rest: null },
    thresholds: [],
    checks: [],
    closes: {},
    statuses: { handshakes: {}, posts: {}, rest: {} },
    delivery: { pushes: null, fanOut: null },
    processes: [],
    client: { ...good.client, notes: [], workers: [] },
  }
  const { page, faults } = await open(empty)
  expect(await page.locator('.verdict').textContent()).toContain('Stopped by hand after 120 ms.')
  expect(await page.locator('figure').count()).toBe(0)
  expect(faults).toEqual([])
  await page.close()
})

test('a definition that is too deep or too long to be written does not cost the report', () => {
  let deep: unknown = 'end'
  for (let depth = 0; depth < 200_000; depth++) deep = [deep]
  expect(htmlReport({ ...good, run: { ...good.run, definition: deep } })).toContain('It can not be shown.')
  const long = { ...good, run: { ...good.run, definition: { text: 'x'.repeat(1_000_000) } } }
  expect(htmlReport(long).length).toBeLessThan(500_000)
})

test('a run of two days is a page that can be mailed', () => {
  const day = makeResult({ hold: 400, samples: 5 })
  const seconds = Array.from({ length: 172_800 }, (_, second) => ({
    ...(day.seconds[30 + (second % 300)] as LoadResult['seconds'][number]),
    second,
  }))
  const started = performance.now()
  const page = htmlReport({ ...day, seconds, phases: day.phases.slice(0, 2).map((each) => ({ ...each, to: 172_800 })) })
  expect(page.length).toBeLessThan(1_500_000)
  expect(performance.now() - started).toBeLessThan(30_000)
})
