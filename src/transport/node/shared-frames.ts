import { constants, deflateRawSync } from 'node:zlib'
import type { SharedFrame } from '../../vocabulary/shared-frame.ts'
import type { CollectedFrames } from '../turn-writes.ts'
import { shortFrame } from './short-frame.ts'

/** Bytes of the shortest message that is compressed: as ws has it where nothing is kept from one message to the next. */
const compressedFrom = 1024

/** Bytes of collected messages for which one buffer costs less than several writes. */
export const maxJoined = 262_144

/**
 * The frame of a message, made once for all sockets that send alike: with a window of so many bits, or 0 without
 * compression. Nothing is kept of one message for the next, so that what is compressed for one client fits all.
 */
export function frameBytes(frame: SharedFrame, windowBits: number): Buffer {
  const known = frame.encoded[windowBits]
  if (known !== undefined) return known
  const { data, binary } = frame
  const compressed = windowBits > 0 && data.length >= compressedFrom
  const bytes = compressed ? shortFrame(deflated(data, windowBits), binary, true) : shortFrame(data, binary)
  frame.encoded[windowBits] = bytes
  return bytes
}

/** The frames of collected messages one behind the other, made once as well. */
export function joinedBytes(collected: CollectedFrames, windowBits: number): Buffer {
  if (collected.count === 1) return frameBytes(collected.newest, windowBits)
  const known = collected.encoded[windowBits]
  if (known !== undefined) return known
  const bytes = Buffer.concat(collected.inOrder.map((frame) => frameBytes(frame, windowBits)))
  collected.encoded[windowBits] = bytes
  return bytes
}

/** The data compressed, without the four bytes that end a flush (RFC 7692 §7.2.1). */
function deflated(data: Uint8Array, windowBits: number): Buffer {
  const bytes = deflateRawSync(data, { windowBits, finishFlush: constants.Z_SYNC_FLUSH })
  return bytes.subarray(0, bytes.length - 4)
}
