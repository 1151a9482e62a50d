import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startBrowser } from '../helpers/browser.ts'
import { startGateway } from '../helpers/postern.ts'
import { openPage, shownEntries } from './playground-page.ts'

let browser: Browser
beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(() => browser.close())

const mock = { integrationType: 'MOCK', requestTemplates: { 'application/json': '{"statusCode":200}' } }
const api = {
  allowedOrigins: ['https://app.example'],
  routes: {
    hello: {
      routeResponse: true,
      integration: {
        ...mock,
        integrationResponses: {
          $default: { responseTemplates: { 'application/json': 'you are $context.connectionId' } },
        },
      },
    },
  },
}

test('the playground talks to a running gateway: events, replies, error frames, pushes and closes', async () => {
  const gateway = await startGateway(api)
  onTestFinished(() => gateway.close())
  const { page, faults } = await openPage(browser, `http://127.0.0.1:${gateway.managementPort}/`)
  onTestFinished(() => page.close())
  const last = async () => (await shownEntries(page)).at(-1) ?? ''

  await page.locator('#url', { hasText: gateway.ws }).waitFor()
  await page.click('#connect')
  await page.locator('#connection-id', { hasText: '=' }).waitFor()
  const id = await page.textContent('#connection-id')

  await page.click('.chip:text("hello")')
  await page.click('#send')
  await expect.poll(last).toBe(`Received | you are ${id}`)

  await page.fill('#message', '{"action":"nothing"}')
  await page.click('#send')
  await expect.poll(last).toMatch(`Received | {"message": "Forbidden", "connectionId":"${id}"`)

  await page.fill('#push', 'from a backend')
  await page.click('#push-send')
  await expect.poll(last).toBe('Pushed | from a backend')

  await page.click('#push-close')
  await expect.poll(last).toContain('Closed: 1000 “Connection Closed Normally” | deletedByBackend: ')
  expect(faults).toEqual([])
})

test('a refused handshake is explained, and looks otherwise than a gateway that has stopped', async () => {
  const refusing = { integrationType: 'MOCK', requestTemplates: { 'application/json': '{"statusCode":401}' } }
  const gateway = await startGateway({ ...api, routes: { $connect: { integration: refusing } } })
  onTestFinished(() => gateway.close())
  const { page } = await openPage(browser, `http://127.0.0.1:${gateway.managementPort}/`)
  onTestFinished(() => page.close())
  const last = async () => (await shownEntries(page)).at(-1) ?? ''

  await page.locator('#url', { hasText: gateway.ws }).waitFor()
  await page.click('#connect')
  await expect.poll(last).toContain('The handshake was refused: 401 BACKEND | The backend of $connect answered 401.')
  await gateway.close()
  await page.click('#connect')
  await expect.poll(last).toContain('The gateway does not answer | Neither does its management port')
})

test('a message that is too large, a drain: what the gateway closes with is explained', async () => {
  const gateway = await startGateway(api)
  onTestFinished(() => gateway.close())
  const { page } = await openPage(browser, `http://127.0.0.1:${gateway.managementPort}/`)
  onTestFinished(() => page.close())
  const last = async () => (await shownEntries(page)).at(-1) ?? ''
  await page.locator('#url', { hasText: gateway.ws }).waitFor()

  await page.click('#connect')
  await page.locator('#status[data-state=open]').waitFor()
  await page.fill('#message', 'x'.repeat(140_000))
  await page.click('#send')
  await expect.poll(last).toContain('Closed: 1009 “Message too big” | messageTooBig: ')

  await page.click('#connect')
  await page.locator('#status[data-state=open]').waitFor()
  await gateway.drain(0)
  await expect.poll(last).toContain('shuttingDown: ')
})

test('without the playground the gateway trusts no page of the management port', async () => {
  const gateway = await startGateway(api, { flags: { playground: false } })
  onTestFinished(() => gateway.close())
  const response = await fetch(`http://127.0.0.1:${gateway.managementPort}/`)
  expect(response.status).toBe(404)
})
