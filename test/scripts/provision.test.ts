import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findExecutable, type Need, needs } from '../../scripts/executables.ts'
import { type Machine, provision } from '../../scripts/provisioning.ts'

/** A machine that has programs by their names. */
function machine(has: string[], { mayInstall = false, canInstall = true } = {}) {
  const lines: string[] = []
  const installed: string[] = []
  const present = new Set(has)
  const made: Machine = {
    find(need) {
      const name = needs[need].names.find((each) => present.has(each))
      return name === undefined ? null : `/usr/bin/${name}`
    },
    mayInstall,
    install(debianPackage) {
      installed.push(debianPackage)
      const need = (Object.keys(needs) as Need[]).find((each) => needs[each].debianPackage === debianPackage)
      if (canInstall && need !== undefined) present.add(needs[need].names[0])
      return canInstall
    },
    print: (line) => void lines.push(line),
  }
  return { machine: made, lines, installed }
}

test('what is there is named, a line each', () => {
  const { machine: with_, lines, installed } = machine(['redis-server', 'chromium'])
  expect(provision(['redis', 'chromium'], with_)).toBe(0)
  expect(lines).toEqual(['redis: /usr/bin/redis-server', 'chromium: /usr/bin/chromium'])
  expect(installed).toEqual([])
})

test('what is missing is installed by root, and only that', () => {
  const { machine: with_, lines, installed } = machine(['chromium-headless-shell'], { mayInstall: true })
  expect(provision(['redis', 'chromium'], with_)).toBe(0)
  expect(installed).toEqual(['redis-server'])
  expect(lines).toContain('redis: /usr/bin/redis-server')
})

test('anyone else gets the command to run, for all that is missing, and a failure', () => {
  const { machine: with_, lines, installed } = machine([])
  expect(provision(['redis', 'haproxy', 'chromium'], with_)).toBe(1)
  expect(installed).toEqual([])
  expect(lines.at(-1)).toMatch(/: sudo apt-get install redis-server haproxy chromium-headless-shell$/)
})

test('beside a second choice root gets the first, and what is there where that fails', () => {
  const full = machine(['chromium'], { mayInstall: true })
  expect(provision(['chromium'], full.machine)).toBe(0)
  expect(full.lines.at(-1)).toBe('chromium: /usr/bin/chromium-headless-shell')
  const cutOff = machine(['chromium'], { mayInstall: true, canInstall: false })
  expect(provision(['chromium'], cutOff.machine)).toBe(0)
  expect(cutOff.lines).toContain('chromium: chromium-headless-shell could not be installed')
  expect(cutOff.lines.at(-1)).toBe('chromium: /usr/bin/chromium')
})

test('an installation that fails is a failure', () => {
  const { machine: with_, lines } = machine([], { mayInstall: true, canInstall: false })
  expect(provision(['redis'], with_)).toBe(1)
  expect(lines).toContain('redis: redis-server could not be installed')
})

test('a name that is not known is a failure', () => {
  expect(provision(['postgres'], machine([]).machine)).toBe(1)
})

test('a program is found on PATH when it may be run, by its first name first', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = `/nonexistent::${folder}`
  const file = (name: string) => join(folder, name)
  await writeFile(file('google-chrome'), '')
  expect(findExecutable('chromium', path)).toBeNull()
  await chmod(file('google-chrome'), 0o755)
  expect(findExecutable('chromium', path)).toBe(file('google-chrome'))
  await writeFile(file('chromium'), '', { mode: 0o755 })
  expect(findExecutable('chromium', path)).toBe(file('chromium'))
})
