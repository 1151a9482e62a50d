import { inflateSync } from 'node:zlib'
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js'

/** A histogram of an hour with three digits has some 20,000 characters. */
export const maxHistogramText = 1_000_000
const maxInflated = 16 * 1024 * 1024
/** A day in microseconds: no latency of a load test is longer, and the counts of more would need too much memory. */
const maxTrackable = 86_400_000_000
const headerBytes = 40
const compressedCookie = 0x1c849304
const cookie = 0x1c849303

/** Values in microseconds. @throws {Error} when it is no histogram, or one that would take unreasonable memory. */
export function decodeHistogram(text: string): Histogram {
  const fault = histogramFault(text)
  if (fault !== null) throw new Error(fault)
  // 64: a count is never cut.
  return decodeFromCompressedBase64(text, 64, false)
}

export function isHistogram(text: string): boolean {
  try {
    return Number.isFinite(decodeHistogram(text).totalCount)
  } catch {
    return false
  }
}

/**
 * The decoder believes what the header says of sizes, so the header is read first: a short text must not inflate to
 * gigabytes, or ask for counts up to years in nanoseconds.
 * Layout: https://github.com/HdrHistogram/HdrHistogram, `HistogramEncodingV2`.
 */
function histogramFault(text: string): string | null {
  const bytes = Buffer.from(text, 'base64')
  if (text.length > maxHistogramText || bytes.length < 8) return 'no histogram'
  if (!isCookie(bytes.readInt32BE(0), compressedCookie)) return 'no compressed V2 histogram'
  const inflated = inflateSync(bytes.subarray(8), { maxOutputLength: maxInflated })
  if (inflated.length < headerBytes || !isCookie(inflated.readInt32BE(0), cookie)) return 'no V2 histogram'
  const payload = inflated.readInt32BE(4)
  const digits = inflated.readInt32BE(12)
  const lowest = inflated.readBigInt64BE(16)
  const highest = inflated.readBigInt64BE(24)
  if (payload < 0 || payload > inflated.length - headerBytes) return 'counts are missing'
  if (digits < 1 || digits > 4) return 'more digits than this reads'
  if (lowest < 1n || highest < 2n * lowest || highest > BigInt(maxTrackable)) return 'values beyond a day'
  return null
}

/** The word size stands in the second-lowest half byte. */
function isCookie(found: number, wanted: number): boolean {
  return (found & ~0xf0) === wanted
}
