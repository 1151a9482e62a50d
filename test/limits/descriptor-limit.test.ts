import { expect, test } from 'vitest'
import {
  descriptorShortage,
  descriptorsKeptBack,
  parseDescriptorLimit,
  readDescriptorLimit,
} from '../../src/limits/descriptor-limit.ts'

const limits = (files: string) => `Limit                     Soft Limit           Hard Limit           Units
Max processes             31234                31234                processes
Max open files            ${files}               files
Max locked memory         8388608              8388608              bytes
`

test.each([
  ['1024                 524288', { soft: 1024, hard: 524288 }],
  ['256                  unlimited', { soft: 256, hard: Number.POSITIVE_INFINITY }],
])('the limit is read: %s', (files, limit) => expect(parseDescriptorLimit(limits(files))).toEqual(limit))

test('text without the limit has none', () => expect(parseDescriptorLimit('nothing of it')).toBeNull())

test.runIf(process.platform === 'linux')('this process has a limit', () => {
  expect(readDescriptorLimit()?.soft).toBeGreaterThan(0)
})

test.each([
  [256, 64],
  [1024, 256],
  [20_000, 512],
  [Number.POSITIVE_INFINITY, 512],
])('of %d descriptors %d are kept back', (limit, keptBack) => expect(descriptorsKeptBack(limit)).toBe(keptBack))

test('a limit with room for every connection is no shortage', () => {
  expect(descriptorShortage(1024, 768)).toBeNull()
  expect(descriptorShortage(Number.POSITIVE_INFINITY, 10_000_000)).toBeNull()
})

test('a shortage names limit, reserve, connections and the remedy', () => {
  expect(descriptorShortage(1024, 100_000)).toBe(
    'maxConnections is 100000, but this process may open 1024 files, of which 256 are kept back: handshakes get 503 ' +
      'from about 768 connections on; raise the limit (ulimit -n, LimitNOFILE) to 100512 or lower maxConnections',
  )
})
