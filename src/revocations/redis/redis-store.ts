import { randomUUID } from 'node:crypto'
import { keyspaceOf, type RedisClient, readRedisScript } from '../../store/contract.ts'
import { maxRevocations, type Revocation, type RevocationName, type RevocationStore } from '../contract.ts'
import { nameText, readNameText, readRevocation, revocationText } from '../revocation-name.ts'

const scriptOf = (name: string) =>
  readRedisScript(new URL('./begin.lua', import.meta.url), new URL(`./${name}.lua`, import.meta.url))
const addScript = scriptOf('add')
const removeScript = scriptOf('remove')
const readScript = scriptOf('read')

/** Milliseconds by which clocks of a fleet may differ: nothing goes before the last of them counts it no more. */
const clockSkew = 3_600_000
/** Revocations that one call of a script carries. */
const maxBatch = 500

export interface RedisRevocationOptions {
  readonly redis: Pick<RedisClient, 'runScript' | 'database'>
  readonly keyPrefix: string
  readonly now: () => number
}

/**
 * The revocations of a fleet. Each change has a serial, so that a worker reads only what is new to it; an epoch tells when
 * Redis has lost its data, whose serials begin anew.
 */
export function createRedisRevocationStore({ redis, keyPrefix, now }: RedisRevocationOptions): RevocationStore {
  const { tagged } = keyspaceOf(keyPrefix, 'revocations', redis.database)
  const keys = ['entries', 'changes', 'ends', 'meta'].map((name) => tagged('revocations', name))
  let epoch = ''
  let serial = '0'

  const run = (script: typeof addScript, ...args: (string | number)[]) =>
    redis.runScript(script, keys, now() - clockSkew, ...args)

  async function readBatch() {
    const [newEpoch = '', newSerial = '0', ...flat] = (await run(readScript, epoch, serial, maxBatch)) as (
      | Buffer
      | null
      | undefined
    )[]
    const added: Revocation[] = []
    const removed: RevocationName[] = []
    // A text that is not there was evicted: it is no sign that somebody took the revocation back.
    let isLost = epoch !== '' && String(newEpoch) !== epoch
    for (let at = 0; at < flat.length; at += 2) {
      const name = String(flat[at])
      const text = flat[at + 1]
      if (text === null || text === undefined) isLost = true
      else if (text.length === 0) removed.push(...[readNameText(name)].filter((each) => each !== null))
      else added.push(...[readRevocation(name, String(text))].filter((each) => each !== null))
    }
    epoch = String(newEpoch)
    serial = String(newSerial)
    return { added, removed, isLost, isWhole: flat.length < 2 * maxBatch }
  }

  return {
    isShared: true,
    async add(revocations) {
      for (let at = 0; at < revocations.length; at += maxBatch) {
        const batch = revocations.slice(at, at + maxBatch)
        const texts = batch.flatMap((each) => [nameText(each), revocationText(each), each.expiresAt])
        if ((await run(addScript, maxRevocations, randomUUID(), ...texts)) !== 1) return 'full'
      }
      return 'added'
    },
    remove: async (name) => (await run(removeScript, nameText(name))) === 1,
    async read() {
      const added: Revocation[] = []
      const removed: RevocationName[] = []
      let isLost = false
      while (true) {
        const batch = await readBatch()
        added.push(...batch.added)
        removed.push(...batch.removed)
        isLost ||= batch.isLost
        if (batch.isWhole) return { added, removed, isLost }
      }
    },
  }
}
