import { expect, test } from 'vitest'
import { forwardedElements } from '../../src/integrations/forwarded.ts'
import { arrival } from './method-calls.ts'

const of = (headers: Record<string, string>, domainName = 'pets.example') =>
  forwardedElements({ ...arrival, domainName, headers: Object.entries(headers) })

test('tells of the client, the host and the protocol', () => {
  expect(forwardedElements(arrival)).toBe('for=203.0.113.9;host=pets.example;proto=https')
  expect(of({})).toBe('for=203.0.113.9;host=pets.example;proto=https')
  expect(of({ Host: 'pets.example:8080', 'X-Forwarded-Proto': 'http' })).toBe(
    'for=203.0.113.9;host="pets.example:8080";proto=http',
  )
})

test('has an element for each address that the request came by', () => {
  expect(of({ 'X-Forwarded-For': '198.51.100.1, 2001:db8::1, 192.0.2.7' })).toBe(
    'for=198.51.100.1, for="[2001:db8::1]", for=192.0.2.7;host=pets.example;proto=https',
  )
})

test('takes nothing for an address, a host or an element that is none', () => {
  expect(of({ 'X-Forwarded-For': 'evil;proto=https, 1.2.3.4;by=x, ::1' })).toBe(
    'for=unknown, for=unknown, for="[::1]";host=pets.example;proto=https',
  )
  expect(of({ Host: 'a";for=6.6.6.6, for=1\r\nx' })).toBe('for=203.0.113.9;host="a\\";for=6.6.6.6, for=1x";proto=https')
})
