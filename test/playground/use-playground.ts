import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { ManagementOptions } from '../../src/management/handlers.ts'
import { startBrowser } from '../helpers/browser.ts'
import { openPage, startPlaygroundServer } from './playground-page.ts'

export interface OpenPlayground {
  readonly browser: Browser
  readonly server: Awaited<ReturnType<typeof startPlaygroundServer>>
  readonly page: Page
}

/**
 * A browser for all tests of a file, and for each a server and its page, handed over before it and looked over for
 * faults after it. The function that comes back opens another server and page in place of those of the test.
 */
export function usePlayground(
  take: (opened: OpenPlayground) => void,
): (overrides: Partial<ManagementOptions>) => Promise<void> {
  let browser: Browser
  let server: OpenPlayground['server']
  let page: Page
  let faults: string[]

  async function open(overrides: Partial<ManagementOptions> = {}): Promise<void> {
    server = await startPlaygroundServer(overrides)
    ;({ page, faults } = await openPage(browser, server.url))
    take({ browser, server, page })
  }

  async function close(): Promise<void> {
    await page.close()
    await server.close()
  }

  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser.close())
  beforeEach(() => open())
  afterEach(async () => {
    expect(faults).toEqual([])
    await close()
  })
  return async function reopen(overrides) {
    await close()
    await open(overrides)
  }
}
