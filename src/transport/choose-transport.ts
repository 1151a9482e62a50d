import type { Log } from '../observability/contract.ts'
import type { TransportAbilities } from './abilities.ts'
import type { CreateTransport } from './contract.ts'
import { nodeAbilities } from './node/node-abilities.ts'
import { loadNodeTransport } from './node/node-transport.ts'
import { cutRequestLineFault } from './uws/cut-request-line.ts'
import { loadUws, ownUwsModule, type UwsBuild } from './uws/load-uws.ts'
import { uwsAbilitiesOf } from './uws/uws-abilities.ts'
import { createUwsTransport } from './uws/uws-transport.ts'

/** The wishes of an operator about the server underneath. */
export interface TransportWish {
  /** The server; `auto` for uWebSockets.js where a build of it loads, else Node.js's own. */
  readonly transport: 'auto' | 'uws' | 'node'
  /** A build of uWebSockets.js that the operator has installed: a package or an absolute path; null for none. */
  readonly uwsModule: string | null
}

/** The server underneath that was chosen. */
export interface ChosenTransport {
  readonly createTransport: CreateTransport
  /** Name and version, for people: `uWebSockets.js (uws-pack 20.0.8)`. */
  readonly server: string
  /** The reason why it is this one, for people. */
  readonly why: string
  /** A fault that it is known to have, with the remedy, in one sentence; null when none is known. */
  readonly knownFault: string | null
  readonly abilities: TransportAbilities
}

export interface TransportSurroundings {
  /** The environment, `process.env` itself: uWebSockets.js reads a limit from it when it is loaded. */
  readonly environment: Record<string, string | undefined>
  readonly log: Log
  /** The build that comes with the gateway, where another than `ownUwsModule` stands for it. */
  readonly ownModule?: string
}

/**
 * Chooses the server underneath and loads it. Rejects with one sentence that has the remedy when uWebSockets.js is
 * asked for and no build of it loads.
 */
export async function chooseTransport(
  { transport, uwsModule }: TransportWish,
  { environment, log, ownModule = ownUwsModule }: TransportSurroundings,
): Promise<ChosenTransport> {
  if (transport === 'node') return nodeTransport('transport is node')
  const failures: string[] = []
  const theirs = uwsModule === null ? [] : [{ module: uwsModule, isOwn: false, environment }]
  for (const source of [...theirs, { module: ownModule, isOwn: true, environment }]) {
    try {
      return uwsTransport(await loadUws(source))
    } catch (error) {
      failures.push((error as Error).message)
    }
  }
  if (transport === 'auto') return nodeTransport(`transport is auto, and ${failures.join('; ')}`)
  throw new Error(`transport is uws, but ${failures.join('; ')}; ${remedy}`)

  function uwsTransport({ uws, name, version }: UwsBuild): ChosenTransport {
    return {
      createTransport: createUwsTransport({ uws, log }),
      server: `uWebSockets.js (${name} ${version})`,
      why: [`transport is ${transport}`, ...failures, 'this build loads'].join('; '),
      knownFault: cutRequestLineFault({ name, version }),
      abilities: uwsAbilitiesOf({ name, version }),
    }
  }

  async function nodeTransport(why: string): Promise<ChosenTransport> {
    return {
      createTransport: await loadNodeTransport({ log }),
      server: `Node.js ${process.versions.node} (node:http and ws)`,
      why,
      knownFault: null,
      abilities: nodeAbilities,
    }
  }
}

const remedy =
  'install a build for this Node.js from its author (npm i uNetworking/uWebSockets.js#v20.57.0, for glibc 2.38 or ' +
  'later) and name it in uwsModule, or choose transport: node'
