import { type Browser, chromium } from 'playwright-core'
import { findExecutable } from '../../scripts/executables.ts'

/** Debian's Chromium, without any of its own traffic. */
export function startBrowser(): Promise<Browser> {
  const executablePath = findExecutable('chromium')
  if (executablePath === null) throw new Error('chromium is not on PATH: tsx scripts/provision.ts chromium')
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
