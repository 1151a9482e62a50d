import { expect, test } from 'vitest'
import { isBlockedAddress } from '../../../src/authorizers/jwt/address-guard.ts'
import { fetchDocument, urlFault } from '../../../src/authorizers/jwt/fetch-document.ts'

const nobody = { trustedOrigins: [] }

test.each([
  '169.254.169.254',
  '169.254.170.2',
  '0.0.0.0',
  '100.100.100.200',
  '192.0.0.192',
  '255.255.255.255',
  '224.0.0.1',
  '::',
  'fe80::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  'ff02::1',
  '::ffff:169.254.169.254',
  '::169.254.169.254',
  '64:ff9b::169.254.169.254',
  '2002:a9fe:a9fe::1',
  'no address',
])('%s is never asked', (address) => {
  expect(isBlockedAddress(address)).toBe(true)
})

test.each(['127.0.0.1', '::1', '10.0.0.1', '192.168.1.1', '8.8.8.8', '2001:db8::1', 'fd12:3456::1', '192.0.2.1'])(
  '%s may be asked: where an issuer is, the operator knows',
  (address) => expect(isBlockedAddress(address)).toBe(false),
)

test.each<[string, RegExp]>([
  ['http://issuer.example/jwks', /not https.*jwtTrustedOrigins/],
  ['http://127.0.0.1.example/jwks', /not https/],
  ['https://169.254.169.254/latest/meta-data', /never asked/],
  ['https://0xa9.0xfe.0xa9.0xfe/', /never asked/],
  ['https://2852039166/', /never asked/],
  ['https://[::ffff:a9fe:a9fe]/', /never asked/],
  ['https://user:word@issuer.example/', /password/],
  ['https://issuer.example/#fragment', /fragment/],
  ['ftp://issuer.example/', /no https/],
  ['data:application/json,{"keys":[]}', /no https/],
  ['not a url', /no URL/],
])('%s is refused as it stands', (url, fault) => {
  expect(urlFault(url, nobody)).toMatch(fault)
})

test.each([
  'https://issuer.example/jwks',
  'http://localhost:8080/',
  'http://127.0.0.1/',
  'http://[::1]:9/',
  'http://2130706433/',
])('%s may be asked', (url) => expect(urlFault(url, nobody)).toBeNull())

test('plain http is taken from an origin that the operator lists, metadata services never', () => {
  const rules = { trustedOrigins: ['http://keycloak:8080', 'http://169.254.169.254'] }
  expect(urlFault('http://keycloak:8080/jwks', rules)).toBeNull()
  expect(urlFault('http://keycloak:8081/jwks', rules)).toMatch(/not https/)
  expect(urlFault('http://169.254.169.254/latest', rules)).toMatch(/never asked/)
})

test('a name that leads to a metadata service is not connected to, also when only one of its addresses does', async () => {
  const rules = {
    ...nobody,
    resolve: ((_, answer) =>
      answer(null, [
        { address: '192.0.2.1', family: 4 },
        { address: '::ffff:169.254.169.254', family: 6 },
      ])) satisfies NonNullable<Parameters<typeof fetchDocument>[1]['resolve']>,
  }
  await expect(fetchDocument('https://issuer.example/jwks', rules)).rejects.toThrow(
    'issuer.example leads to ::ffff:169.254.169.254, which is never asked',
  )
})

test('localhost that leads elsewhere is not asked over plain http', async () => {
  const resolve: NonNullable<Parameters<typeof fetchDocument>[1]['resolve']> = (_, answer) =>
    answer(null, [{ address: '192.0.2.1', family: 4 }])
  await expect(fetchDocument('http://localhost:1/jwks', { ...nobody, resolve })).rejects.toThrow('never asked')
})
