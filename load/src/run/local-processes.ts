import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import type { ProcessResult } from '../contract.ts'

/** A port of this machine, and what reports call it. */
export interface WatchedPort {
  readonly name: string
  readonly port: number
}

/** Watches the processes that listen on ports of this machine: their CPU and memory, about once a second. */
export interface ProcessWatch {
  /** Reads all of them; `second` of the run. Never rejects; calls while one is under way are dropped. */
  sample(second: number): Promise<void>
  readonly results: readonly ProcessResult[]
}

/** Processes come and go while nodes are killed and deployed. */
const lookEverySamples = 3
/** Linux counts CPU time in these, whatever its own clock does. */
const ticksPerSecond = 100
const pageBytes = 4096
const maxProcesses = 100
const maxCommand = 80

interface Watched {
  readonly result: {
    name: string
    pid: number
    command: string
    samples: { second: number; cpu: number; memoryBytes: number }[]
  }
  cpuTicks: number
  at: number
  isGone: boolean
}

export function watchProcesses(ports: readonly WatchedPort[]): ProcessWatch {
  const watched = new Map<number, Watched>()
  let samples = 0
  let isBusy = false

  async function look(): Promise<void> {
    for (const [pid, name] of await listenersOn(ports)) {
      if (watched.has(pid) || watched.size >= maxProcesses) continue
      const usage = await usageOf(pid)
      if (usage === null) continue
      const result = { name, pid, command: await commandOf(pid), samples: [] }
      watched.set(pid, { result, cpuTicks: usage.cpuTicks, at: performance.now(), isGone: false })
    }
  }

  async function measure(second: number): Promise<void> {
    for (const [pid, each] of watched) {
      const usage = each.isGone ? null : await usageOf(pid)
      each.isGone = usage === null
      if (usage === null) continue
      const time = performance.now()
      const seconds = Math.max(0.001, (time - each.at) / 1000)
      const cpu = Math.max(0, usage.cpuTicks - each.cpuTicks) / ticksPerSecond / seconds
      each.result.samples.push({ second, cpu: Math.round(cpu * 1000) / 1000, memoryBytes: usage.memoryBytes })
      each.cpuTicks = usage.cpuTicks
      each.at = time
    }
  }

  return {
    async sample(second) {
      if (isBusy || ports.length === 0) return
      isBusy = true
      try {
        // The first look only sets the marks that the next reading counts from.
        if (samples > 0) await measure(second)
        if (samples++ % lookEverySamples === 0) await look()
      } catch {
        // No /proc here, or none that may be read: there is nothing to watch.
      } finally {
        isBusy = false
      }
    },
    get results() {
      return [...watched.values()].map(({ result }) => result)
    },
  }
}

/** Process ids with the name of the port that they listen on. */
async function listenersOn(ports: readonly WatchedPort[]): Promise<Map<number, string>> {
  const names = new Map(ports.map(({ port, name }) => [port, name]))
  const sockets = new Map<string, string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(() => '')
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16)
      const name = names.get(port)
      // 0A is LISTEN.
      if (name !== undefined && fields[3] === '0A' && fields[9] !== undefined)
        sockets.set(`socket:[${fields[9]}]`, name)
    }
  }
  const found = new Map<number, string>()
  if (sockets.size === 0) return found
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    for (const file of await readdir(`/proc/${entry}/fd`).catch(() => [])) {
      const name = sockets.get(await readlink(`/proc/${entry}/fd/${file}`).catch(() => ''))
      if (name === undefined) continue
      found.set(Number(entry), name)
      break
    }
  }
  return found
}

async function usageOf(pid: number): Promise<{ cpuTicks: number; memoryBytes: number } | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The command's name stands in parentheses and may hold anything; state, utime, stime and rss are fields 3, 14, 15, 24.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z') return null
    return { cpuTicks: Number(fields[11]) + Number(fields[12]), memoryBytes: Number(fields[21]) * pageBytes }
  } catch {
    return null
  }
}

async function commandOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  const words = text.split('\0').filter((word) => word !== '')
  const shown = words.map((word, i) => {
    if (/token|secret|passw|key|credential/i.test(words[i - 1] ?? '') && words[i - 1]?.startsWith('-')) return '…'
    return word.replace(/((?:token|secret|passw\w*|key|credential)[\w-]*=).+/i, '$1…').replace(/\/\/[^/@\s]*@/, '//…@')
  })
  // Where the program lies says little, and takes the place of what it was told.
  const line = [basename(shown[0] ?? ''), ...shown.slice(1)].join(' ')
  return line.length <= maxCommand ? line : `${line.slice(0, maxCommand - 1)}…`
}
