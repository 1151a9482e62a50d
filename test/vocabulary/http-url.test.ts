import { expect, test } from 'vitest'
import { parseHttpUrl } from '../../src/vocabulary/http-url.ts'

test.each([
  ['http://x', ['http://x', '', '', '']],
  ['HTTPS://Example.com:8443/a/{room}/../b?c=d#e', ['https://example.com:8443', '/a/{room}/../b', '?c=d', '#e']],
  ['http://[::1]?q', ['http://[::1]', '', '?q', '']],
  ['http://bücher.example/ü', ['http://xn--bcher-kva.example', '/ü', '', '']],
])('%s is a URL of an HTTP backend', (text, expected) => {
  const { base, path, query, fragment } = parseHttpUrl(text) ?? {}
  expect([base?.origin, path, query, fragment]).toEqual(expected)
})

test.each([
  ...['', 'x', '//x', '/x', 'ftp://x', 'mailto:x', 'http:x', 'http:/x', ' http://x', 'http:\\\\x'],
  ...['http://', 'http:///x', 'http://?x', 'http://#x', 'http://:80/', 'http://.example.com/', 'http://a..b/'],
  ...['http://a b/', 'http://{host}/', 'http://x:{port}/', 'http://x:99999/', 'http://me:hun/ter2@a/'],
])('%j is none', (text) => {
  expect(parseHttpUrl(text)).toBeNull()
})
