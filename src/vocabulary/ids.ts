import { randomFillSync, randomInt } from 'node:crypto'

/** The id of a connection, `L0SM9cOFvHcCIhw=`: 11 bytes as 15 base64url characters and one `=`. */
export type ConnectionId = string
/** The worker that holds a socket: an integer of 24 bits, unique among live and recently dead workers. */
export type OwnerId = number

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const encode = Array.from(alphabet)
const decode = new Int8Array(128).fill(-1)
for (let i = 0; i < 64; i++) decode[alphabet.charCodeAt(i)] = i

// One call into the kernel's generator serves some hundred ids: randomBytes per id costs ten times the rest.
const pool = new Uint8Array(4096)
let used = pool.length
function randomByte(): number {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  return pool[used++] as number
}

/** CRC-8 (polynomial 0x07), a table look-up a byte. */
const crc8 = Uint8Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1
  return crc
})
// A start value other than 0 makes the all-zero id (`AAAAAAAAAAAAAAA=`) malformed, as AWS refuses it.
const crcStart = 0x5a

function text(b0: number, b1: number, b2: number): string {
  const b3 = randomByte()
  const b4 = randomByte()
  const b5 = randomByte()
  const b6 = randomByte()
  const b7 = randomByte()
  const b8 = randomByte()
  const b9 = randomByte()
  let check = crc8[crcStart ^ b0] as number
  check = crc8[check ^ b1] as number
  check = crc8[check ^ b2] as number
  check = crc8[check ^ b3] as number
  check = crc8[check ^ b4] as number
  check = crc8[check ^ b5] as number
  check = crc8[check ^ b6] as number
  check = crc8[check ^ b7] as number
  return `${triple(b0, b1, b2)}${triple(b3, b4, b5)}${triple(b6, b7, b8)}${tail(b9, crc8[(crc8[check ^ b8] as number) ^ b9] as number)}`
}

function tail(last: number, check: number): string {
  return `${encode[last >> 2]}${encode[((last & 3) << 4) | (check >> 4)]}${encode[(check & 15) << 2]}=`
}

function triple(a: number, b: number, c: number): string {
  return `${encode[a >> 2]}${encode[((a & 3) << 4) | (b >> 4)]}${encode[((b & 15) << 2) | (c >> 6)]}${encode[c & 63]}`
}

/**
 * A random owner, but none whose connection ids begin with `-`: a command line would take such an id for an option
 * (`aws apigatewaymanagementapi post-to-connection --connection-id -…`).
 */
export function randomOwnerId(): OwnerId {
  for (;;) {
    const owner = randomInt(0x1000000)
    if (encode[owner >> 18] !== '-') return owner
  }
}

/** A new connection id that carries its owner; 56 random bits, so it can't be guessed from another. */
export function allocateConnectionId(owner: OwnerId): ConnectionId {
  return text((owner >> 16) & 0xff, (owner >> 8) & 0xff, owner & 0xff)
}

/**
 * The owner inside a connection id, or -1 when the text is not an id of ours: wrong length, alphabet, padding or
 * check byte. The caller answers 400 for -1 and 410 for an id whose connection is not there.
 */
export function ownerOfConnectionId(id: string): OwnerId | -1 {
  if (id.length !== 16 || id.charCodeAt(15) !== 61) return -1
  let bits = 0
  let held = 0
  let crc = crcStart
  let owner = 0
  let bytes = 0
  for (let i = 0; i < 15; i++) {
    const code = id.charCodeAt(i)
    const value = code < 128 ? (decode[code] as number) : -1
    if (value < 0) return -1
    held = ((held << 6) | value) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    const byte = (held >> bits) & 0xff
    bytes++
    if (bytes <= 3) owner = (owner << 8) | byte
    if (bytes === 11) return crc === byte && (held & ((1 << bits) - 1)) === 0 ? owner : -1
    crc = crc8[crc ^ byte] as number
  }
  return -1
}

// --- ids that have to be unique, but not hard to guess ---
// Every answer to a callback carries three of them, so they are a random text that is drawn anew after 65,536 ids, with
// a counter behind it: a third of the cost of fresh random bytes for each (load/bench/micro/ids.ts).

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const perSeries = 0x10000
let serial = perSeries
let serialMask = 0
let uuidStart = ''
let traceStart = ''
let shortStart = ''
let shortByte6 = 0
let shortByte7 = 0
let shortCheck = 0

/** The next number of the series, and a new series when it is used up. */
function nextSerial(): number {
  if (serial === perSeries) startSeries()
  return serial++ ^ serialMask
}

function startSeries(): void {
  const bytes = Array.from({ length: 34 }, randomByte)
  const digits = bytes.map((byte) => hex[byte]).join('')
  uuidStart = `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${hex[((bytes[8] as number) & 0x3f) | 0x80]}${digits.slice(18, 20)}-${digits.slice(20, 28)}`
  traceStart = digits.slice(28, 48)
  const short = bytes.slice(24, 32)
  shortStart = Buffer.from(short.slice(0, 6)).toString('base64url')
  shortByte6 = short[6] as number
  shortByte7 = short[7] as number
  // Another start value than that of connection ids, so that the check byte is never theirs.
  shortCheck = short.reduce((check, byte) => crc8[check ^ byte] as number, crcStart ^ 0xff)
  serialMask = ((bytes[32] as number) << 8) | (bytes[33] as number)
  serial = 0
}

/** An id in AWS's short form for a request or a message; it never passes as a connection id. */
export function allocateRequestId(): string {
  const number = nextSerial()
  const high = number >> 8
  const low = number & 0xff
  const check = crc8[(crc8[shortCheck ^ high] as number) ^ low] as number
  return `${shortStart}${triple(shortByte6, shortByte7, high)}${tail(low, check)}`
}

/** A UUID of version 4 (RFC 9562 §5.4), for `x-amzn-RequestId`. */
export function allocateUuid(): string {
  const number = nextSerial()
  return `${uuidStart}${hex[number >> 8]}${hex[number & 0xff]}`
}

let second = -1
let rootStart = ''

/** A new trace id, `Root=1-<seconds since 1970, 8 hex digits>-<24 hex digits>`, as `X-Amzn-Trace-Id` carries it. */
export function allocateTraceId(epochInMillis: number): string {
  const number = nextSerial()
  const now = Math.floor(epochInMillis / 1000)
  if (now !== second) {
    second = now
    rootStart = `Root=1-${now.toString(16).padStart(8, '0')}-`
  }
  return `${rootStart}${traceStart}${hex[number >> 8]}${hex[number & 0xff]}`
}
