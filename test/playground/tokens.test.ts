import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBrowser } from '../helpers/browser.ts'
import { says } from '../helpers/definitions.ts'
import { type Issuer, startIssuer } from '../helpers/issuer.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'

let browser: Browser
let issuer: Issuer
let gateway: TestGateway
let app: Awaited<ReturnType<typeof startPages>>
let other: Awaited<ReturnType<typeof startPages>>

/** A server of empty pages, each with the cookie that its query names. */
async function startPages() {
  const server = createServer((request, response) => {
    const session = new URL(request.url ?? '/', 'http://localhost').searchParams.get('session')
    if (session !== null) response.setHeader('set-cookie', `session=${session}; HttpOnly; SameSite=Strict; Path=/`)
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>page</title>')
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, close: () => new Promise((resolve) => server.close(resolve)) }
}

beforeAll(async () => {
  ;[browser, issuer, app, other] = await Promise.all([startBrowser(), startIssuer(), startPages(), startPages()])
  gateway = await startGateway({
    allowedOrigins: [app.url],
    authorizers: {
      users: {
        authorizerType: 'JWT',
        identitySource: ['$request.cookie.session', '$request.subprotocol.bearer'],
        jwtConfiguration: { issuer: issuer.url, audience: ['chat'] },
      },
    },
    routes: {
      $connect: { authorizationType: 'JWT', authorizerId: 'users' },
      $default: says('$context.authorizer.principalId'),
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await Promise.all([browser.close(), issuer.close(), app.close(), other.close()])
})

/** The fate of a WebSocket of a page: the subprotocol and the answer to one message, or the code that closed it. */
function dial(page: Page, protocols: string[] = []): Promise<{ protocol?: string; answer?: string; code?: number }> {
  return page.evaluate(
    ([url, offered]) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url, offered)
        socket.onopen = () => socket.send('{}')
        socket.onmessage = ({ data }) => {
          resolve({ protocol: socket.protocol, answer: String(data) })
          socket.close()
        }
        socket.onclose = ({ code }) => resolve({ code })
      }),
    [gateway.ws, protocols] as const,
  )
}

/** A new page, in a browser without cookies. */
async function openPage(url: string): Promise<Page> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(url)
  return page
}

test('a page shows its token as a subprotocol, and agrees on the name before it', async () => {
  const page = await openPage(app.url)
  expect(await dial(page, ['bearer', await issuer.token()])).toEqual({ protocol: 'bearer', answer: 'alice' })
  expect(await dial(page, ['bearer', 'made.up.token'])).toEqual({ code: 1006 })
  expect(await dial(page)).toEqual({ code: 1006 })
})

test('the cookie of a page lets it in, though no script can read it', async () => {
  const page = await openPage(`${app.url}/?session=${await issuer.token({ claims: { sub: 'bob' } })}`)
  expect(await page.evaluate(() => document.cookie)).toBe('')
  expect(await dial(page)).toEqual({ protocol: '', answer: 'bob' })
})

test('a page of another origin does not come in by the cookie that the browser sends along', async () => {
  const page = await openPage(`${app.url}/?session=${await issuer.token()}`)
  expect(await dial(page)).toMatchObject({ answer: 'alice' })
  // The same site for the browser: the cookie is sent.
  await page.goto(other.url)
  const refusals = () => gateway.lines.filter((line) => line.includes('ORIGIN_REFUSED') && line.includes('"refused"'))
  expect(refusals()).toHaveLength(0)
  expect(await dial(page)).toEqual({ code: 1006 })
  expect(refusals()).toHaveLength(1)
  expect(await dial(page, ['bearer', await issuer.token()])).toEqual({ code: 1006 })
})
