import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { peers } from './peers/list.ts'
import { postern } from './peers/postern.ts'
import { works } from './peers/works.ts'
import { nodeRows, rows } from './rows.ts'

const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name).join(', ')

const help = `npm run bench -- [options]

Measures the gateway beside bare servers that do the same work by hand, row by row, and ends with 1 when a row misses
its budget. Linux only. Rows of a fleet need redis-server, and are left out where there is none.

  --only <row>        this row; may be given several times:
                      ${names(rows.slice(0, 6))},
                      ${names(rows.slice(6, 12))},
                      ${names(rows.slice(12, 17))},
                      ${names(rows.slice(17))}
  --rounds <number>   rounds of a row; medians over them count (5)
  --seconds <number>  seconds of a round (4)
  --clients <number>  client processes (1)
  --quick             one short round: to see that it works, not to compare
  --json              the figures as JSON
  --write             put the table into docs/performance.md
  --against <file>    a file of load/bench/baselines/ in the gateway's place: shows the noise of the machine
  --transport node    the gateway over Node, beside bare servers over node:http and ws; for the rows
                      ${names(nodeRows)}
  --prof <folder>     a CPU profile of each server for each run, into that folder
  --peers             the same work on other servers instead; --only then takes:
                      ${names(works)}
  --with <peer>       with --peers: this one beside the gateway; may be given several times:
                      ${names(peers.filter((peer) => peer !== postern))}
  --help              this text

load/bench/README.md says what is compared, and how.
`

/** The options of `npm run bench`, read and checked. */
export interface BenchOptions {
  readonly flags: ReturnType<typeof parse>
  readonly rounds: number
  readonly warmUpSeconds: number
  readonly seconds: number
  readonly clients: number
}

/** The end of a bench before it begins: what it says, and with which exit code. */
export interface BenchEnd {
  readonly says: string
  readonly exitCode: 0 | 2
}

/** Reads the arguments; help, or what is wrong with them, is a text to end with. */
export function readBenchOptions(args: readonly string[]): BenchOptions | BenchEnd {
  try {
    const flags = parse(args)
    if (flags.help) return { says: help, exitCode: 0 }
    checkNames(flags)
    const rounds = wholeNumber('rounds', flags.rounds)
    const seconds = positive('seconds', flags.seconds)
    const clients = wholeNumber('clients', flags.clients)
    if (flags.quick) return { flags, clients, rounds: 1, warmUpSeconds: 0.6, seconds: 1.2 }
    return { flags, clients, rounds, seconds, warmUpSeconds: 2 }
  } catch (error) {
    return { says: `bench: ${(error as Error).message}\nbench: --help says what it takes\n`, exitCode: 2 }
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      clients: { type: 'string', default: '1' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      against: { type: 'string' },
      transport: { type: 'string' },
      prof: { type: 'string' },
      peers: { type: 'boolean', default: false },
      with: { type: 'string', multiple: true },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
}

function checkNames({ only = [], against, transport, peers: isPeers, with: beside }: ReturnType<typeof parse>): void {
  if (transport !== undefined && transport !== 'node') throw new Error(`--transport ${transport}: it is node`)
  const known: readonly { readonly name: string }[] = isPeers ? works : transport === 'node' ? nodeRows : rows
  for (const name of only) {
    if (!known.some((each) => each.name === name)) throw new Error(`--only ${name}: it is one of ${names(known)}`)
  }
  for (const name of beside ?? []) {
    if (!peers.some((peer) => peer.name === name)) throw new Error(`--with ${name}: it is one of ${names(peers)}`)
  }
  if (beside !== undefined && !isPeers) throw new Error('--with goes with --peers')
  if (against !== undefined && !existsSync(fileURLToPath(new URL(`baselines/${against}`, import.meta.url)))) {
    throw new Error(`--against ${against}: there is no such file in load/bench/baselines`)
  }
}

function wholeNumber(name: string, text: string): number {
  const number = positive(name, text)
  if (!Number.isInteger(number)) throw new Error(`--${name} ${text}: it is a whole number from 1`)
  return number
}

function positive(name: string, text: string): number {
  const number = Number(text)
  if (!(number > 0 && number < 1e6)) throw new Error(`--${name} ${text}: it is a number above 0`)
  return number
}
