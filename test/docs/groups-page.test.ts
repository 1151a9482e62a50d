import { expect, test } from 'vitest'
import { compileFilter } from '../../src/filters/compile-filter.ts'
import { maxFilterBytes } from '../../src/filters/parse-filter.ts'
import { maxBatchBytes } from '../../src/groups/batch.ts'
import { readBatchItem } from '../../src/groups/batch-item.ts'
import { maxLineBytes } from '../../src/groups/line-reader.ts'
import { maxExcept, maxFailures } from '../../src/groups/send-query.ts'
import { maxKeys } from '../../src/idempotency/contract.ts'
import { maxKeptFailures, maxReported, maxReports, reportSeconds } from '../../src/registry/report-contract.ts'
import { maxAudienceNameBytes } from '../../src/vocabulary/audience-name.ts'
import { callbackOperations } from '../../src/vocabulary/callback-operations.ts'
import { maxCoalesceBytes } from '../../src/vocabulary/coalesce-key.ts'
import { allocateConnectionId, randomOwnerId } from '../../src/vocabulary/ids.ts'
import { readPage } from '../helpers/markdown.ts'

const page = readPage('docs/groups.md')
const text = page.text.replaceAll('\n', ' ')

test('every call is in the table of calls, with its name, or among those of one connection', () => {
  for (const [name, [method, path]] of Object.entries(callbackOperations)) {
    if (path.startsWith('/@connections/')) expect(text).toContain(`\`${name}\``)
    else expect(text).toContain(`| \`${method} ${path}\` | \`${name}\` |`)
  }
})

test('the items of the batch and the filters in the page are good ones', () => {
  const batch = page.blocks.find(({ text }) => text.includes('"dataBase64"'))?.text ?? expect.fail('no batch')
  // The id is one of AWS's own docs.
  const items = batch.replace('L0SM9cOFvHcCIhw=', allocateConnectionId(randomOwnerId()))
  for (const item of JSON.parse(items)) expect(readBatchItem(item)).not.toHaveProperty('status')
  const filters = page.blocks.find(({ text }) => text.startsWith('attributes.plan'))?.text ?? expect.fail('no filters')
  for (const line of filters.trim().split('\n')) expect(compileFilter(line).fault).toBeNull()
})

test('the limits in the page are those that are kept', () => {
  const number = (value: number) => value.toLocaleString('en-US')
  for (const sentence of [
    `1 to ${maxAudienceNameBytes} bytes of UTF-8`,
    `at most ${number(maxExcept)} |`,
    `a key of 1 to ${maxCoalesceBytes} bytes`,
    `the first ${number(maxFailures)} that are full or gone`,
    `names the first ${number(maxReported)}, and fewer`,
    `kept for ${reportSeconds / 60} minutes`,
    `keeps ${number(maxReports)} of them, and ${number(maxKeptFailures)} failures in all`,
    `at most ${number(maxFilterBytes)} bytes`,
    `at most ${number(maxKeys)} at a time`,
    `up to ${maxBatchBytes / 1024 / 1024} MB`,
    `each has at most ${maxLineBytes / 1024 / 1024} MB`,
  ]) {
    expect(text).toContain(sentence)
  }
})
