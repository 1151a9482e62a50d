import { expect, test } from 'vitest'
import { readBatchItem } from '../../src/groups/batch-item.ts'
import { allocateConnectionId, randomOwnerId } from '../../src/vocabulary/ids.ts'

const id = allocateConnectionId(randomOwnerId())
const usual = { except: [], filter: null, coalesce: null, failures: 0, report: 'none', binary: false }

test.each([
  [{ connectionIds: [id], data: 'x' }, { kind: 'connections', ids: [id] }, Buffer.from('x'), {}],
  [
    { connectionIds: [id], data: 'x', filter: 'userId exists', except: [id] },
    { kind: 'connections', ids: [id] },
    Buffer.from('x'),
    { filter: 'userId exists', except: [id] },
  ],
  [{ groups: ['a', '..'], data: '' }, { kind: 'group', names: ['a', '..'] }, Buffer.from(''), {}],
  [{ users: ['anna'], dataBase64: 'aGk=' }, { kind: 'user', names: ['anna'] }, Buffer.from('hi'), {}],
  [
    { all: true, data: 'x', frame: 'binary', report: 'failures', except: [id], coalesce: 'k', filter: 'userId exists' },
    { kind: 'all' },
    Buffer.from('x'),
    { binary: true, report: 'failures', failures: 10_000, except: [id], coalesce: 'k', filter: 'userId exists' },
  ],
])('%j is read', (item, targets, data, terms) => {
  const read = readBatchItem(item)
  if ('status' in read) throw new Error(read.message)
  expect(read.targets).toEqual(targets)
  expect(Buffer.from(read.frame.data as string)).toEqual(data)
  expect(read.terms).toEqual({ ...usual, ...terms })
  expect(read.frame.binary).toBe(read.terms.binary)
})

test.each([
  [null, 'an item is an object'],
  [[], 'an item is an object'],
  ['x', 'an item is an object'],
  [{}, 'an item has one of connectionIds, groups, users and all'],
  [{ groups: ['a'], all: true, data: 'x' }, 'an item has one of connectionIds, groups, users and all'],
  [{ group: ['a'], data: 'x' }, 'an item has no member "group"'],
  [JSON.parse('{"__proto__": 1, "all": true, "data": "x"}'), 'an item has no member "__proto__"'],
  [{ all: false, data: 'x' }, 'all is true'],
  [{ groups: [], data: 'x' }, 'groups is a list of texts'],
  [{ groups: 'a', data: 'x' }, 'groups is a list of texts'],
  [{ groups: ['a', 1], data: 'x' }, 'groups[1] is a text'],
  [{ groups: [''], data: 'x' }, 'groups[0] has 1 to 256 bytes of UTF-8'],
  [{ users: ['\ud800'], data: 'x' }, 'users[0] has 1 to 256 bytes of UTF-8'],
  [{ connectionIds: ['x'], data: 'x' }, 'connectionIds[0] is no connection id'],
  [{ connectionIds: Array.from({ length: 100_001 }, () => id), data: 'x' }, 'connectionIds has at most 100000 entries'],
  [{ all: true }, 'an item has one of data and dataBase64'],
  [{ all: true, data: 'x', dataBase64: 'eA==' }, 'an item has one of data and dataBase64'],
  [{ all: true, data: 1 }, 'data is a text'],
  [{ all: true, dataBase64: '§' }, 'dataBase64 is a text in base64'],
  [{ all: true, data: 'x', except: id }, 'except is a list of connection ids'],
  [{ all: true, data: 'x', filter: 1 }, 'filter is a text'],
  [{ all: true, data: 'x', filter: 'x' }, 'filter: expected userId'],
  [{ connectionIds: [id], data: 'x', filter: 'userId =' }, 'filter: '],
  [{ all: true, data: 'x', report: 'all' }, 'report is none, counts or failures'],
])('%j is refused', (item, message) => {
  expect(readBatchItem(item)).toEqual({ status: 400, message: expect.stringContaining(message) })
})

test('a message has a limit', () => {
  expect(readBatchItem({ all: true, data: 'ü'.repeat(65_537) })).toMatchObject({ status: 413 })
  expect(readBatchItem({ all: true, data: 'ü'.repeat(65_536) })).not.toHaveProperty('status')
})
