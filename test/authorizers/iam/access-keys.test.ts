import { expect, test } from 'vitest'
import { type AccessKey, createAccessKeys } from '../../../src/authorizers/iam/access-keys.ts'

const userOf = (userName: string) => ({
  principal: {
    arn: `arn:aws:iam::000000000000:user/${userName}`,
    accountId: '000000000000',
    userName,
    userId: userName,
  },
  policies: [],
})
const keyOf = (accessKeyId: string, secretAccessKey = 'secret-of-sixteen', userName = 'ada'): AccessKey => {
  return { accessKeyId, secretAccessKey, user: userOf(userName) }
}

test('connections know their key as the same until it is removed, of another secret or of another user', () => {
  const keys = createAccessKeys([keyOf('ONE'), keyOf('TWO'), keyOf('THREE'), keyOf('FOUR')])
  const clients = ['ONE', 'TWO', 'THREE', 'FOUR'].map((id) => keys.find(id)?.client)
  expect(keys.replace([keyOf('ONE'), keyOf('TWO'), keyOf('THREE'), keyOf('FOUR')])).toEqual([])
  const others = [keyOf('ONE'), keyOf('TWO', 'another-secret-16'), keyOf('THREE', undefined, 'bob')]
  expect(keys.replace(others)).toEqual(['TWO', 'THREE', 'FOUR'])
  expect(clients.map((client) => client?.isRevoked)).toEqual([false, true, true, true])
  keys.replace([keyOf('ONE'), keyOf('TWO')])
  expect(clients[1]?.isRevoked).toBe(true)
  expect(keys.find('TWO')?.client.isRevoked).toBe(false)
  expect(keys.find('FOUR')).toBeNull()
})
