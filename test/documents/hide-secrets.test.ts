import { hideSecrets } from 'postern-documents/hide-secrets'
import { expect, test } from 'vitest'

test.each([
  ['http://user:hunter2@host/path', 'http://…@host/path'],
  ['http://hunter2@host', 'http://…@host'],
  ['wss://user:hun@ter2@host:81/x', 'wss://…@host:81/x'],
  ['http://user:hun/ter2@host/', 'http://…@host/'],
  ['http://user:hun?ter#2@host/', 'http://…@host/'],
  ['http://user:1hunter2/x@host/', 'http://…@host/'],
  ['rediss+sentinel://:hun/ter 2@host', 'rediss+sentinel://:hun/ter 2@host'],
  ['rediss+sentinel://:hun/t@er2@host,host/x', 'rediss+sentinel://…@host,host/x'],
  ['"http://a:hunter2@one/" and http://b:hunter2@two/', '"http://…@one/" and http://…@two/'],
  ['http://h/?token=hunter2&x=1&api_key=hunter2', 'http://h/?token=…&x=1&api_key=…'],
])('%s is shown as %s', (text, shown) => {
  expect(hideSecrets(text)).toBe(shown)
})

test.each([
  'http://host:8080/users/@me',
  'http://[::1]:80/a@b',
  'https://host/test/dev//@connections/x=',
  'me@example.com',
  'http://${stageVariables.host}/x',
  'nothing here',
])('%s is shown as it is', (text) => {
  expect(hideSecrets(text)).toBe(text)
})

test('a long text costs no more than its length', () => {
  const began = performance.now()
  for (const part of ['//:x', '//a:', '//', 'redis://', '@', 'token=']) hideSecrets(`${part.repeat(20_000)} @`)
  expect(performance.now() - began).toBeLessThan(5_000)
})
