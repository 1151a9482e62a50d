import type { Output } from 'postern-documents/output'
import type { SecondResult } from '../contract.ts'
import type { TimedPhase } from '../scenario/timeline.ts'

/** The account that a person sees while a load test runs. */
export interface LoadProgress {
  second(second: SecondResult): void
  /** A sentence between the figures. */
  say(text: string): void
  /** Nothing is drawn over any more. */
  end(): void
}

/** A line for each second would fill a log that nobody watches: after these seconds, every tenth has to do. */
const everySecondUntil = 30
const laterEvery = 10
const usualColumns = 80

/** A block that is drawn anew each second where somebody watches, else plain lines. */
export function createLoadProgress(output: Output, timeline: readonly TimedPhase[]): LoadProgress {
  const total = (timeline.at(-1)?.end ?? 0) / 1000
  let errors = 0
  let drawn = 0

  function erase(): void {
    // Up to the first line of the block, and all from there on away.
    if (drawn > 0) output.write(`\u001b[${drawn}A\u001b[0J`)
    drawn = 0
  }

  return {
    second(second) {
      errors += countOf(second)
      if (output.isTTY === true) {
        // A line that the terminal wraps would make the block higher than what is erased.
        // A terminal that does not know its width says 0.
        const columns = output.columns || usualColumns
        const block = blockOf(second, timeline, total, errors).map((line) => line.slice(0, columns))
        erase()
        output.write(`${block.join('\n')}\n`)
        drawn = block.length
      } else if (second.second < everySecondUntil || (second.second + 1) % laterEvery === 0) {
        output.write(`${lineOf(second, timeline, errors)}\n`)
      }
    },
    say(text) {
      erase()
      output.write(`${text}\n`)
    },
    end: erase,
  }
}

function lineOf(second: SecondResult, timeline: readonly TimedPhase[], errors: number): string {
  const { connections, messages, pushes, rest } = second
  const parts = [
    `${second.second + 1}s`.padStart(5),
    (timeline[second.phase]?.name ?? '').padEnd(12),
    `${count(connections.open)} open`,
    ...(connections.opened > 0 ? [`+${count(connections.opened)}/s`] : []),
    ...(messages.out + messages.in > 0 ? [`${count(messages.out)}/s out`, `${count(messages.in)}/s in`] : []),
    ...(pushes.posted > 0 ? [`${count(pushes.posted)}/s posted`] : []),
    ...(rest.requests > 0 ? [`${count(rest.requests)}/s rest`] : []),
    ...latencies(second),
    `${count(errors)} error${errors === 1 ? '' : 's'}`,
  ]
  return parts.join('  ')
}

function blockOf(second: SecondResult, timeline: readonly TimedPhase[], total: number, errors: number): string[] {
  const { connections, messages, pushes, fanOut, rest, client } = second
  const at = Math.min(second.second + 1, Math.ceil(total))
  const width = 30
  const full = total === 0 ? width : Math.round((at / total) * width)
  const rates = [
    `${count(messages.out)}/s out`,
    `${count(messages.in)}/s in`,
    ...(fanOut.expected > 0 ? [`${count(fanOut.received)}/s of ${count(fanOut.expected)}/s fanned out`] : []),
    ...(pushes.posted > 0 ? [`${count(pushes.posted)}/s posted, ${count(pushes.received)}/s received`] : []),
    ...(rest.requests > 0 ? [`${count(rest.requests)}/s rest`] : []),
  ]
  return [
    `${timeline[second.phase]?.name ?? ''}  [${'#'.repeat(full)}${'.'.repeat(width - full)}]  ${at}s of ${Math.ceil(total)}s`,
    `connections  ${count(connections.open)} open, ${count(connections.opened)}/s opened, ${count(connections.failed)}/s failed`,
    `rates        ${rates.join(', ')}`,
    ...(latencies(second).length === 0 ? ['none in this second'] : latencies(second)).map(
      (each, index) => `${(index === 0 ? 'latency' : '').padEnd(13)}${each}`,
    ),
    `errors       ${count(errors)}`,
    `client       ${client.cpu === null ? 'busy' : `${Math.round(client.cpu * 100)} % of a core, late by ${millis(client.lagP99 ?? 0)}`}`,
  ]
}

function latencies({ latencies }: SecondResult): string[] {
  return Object.entries(latencies).map(([name, { p50, p99 }]) => `${name} p50 ${millis(p50)} p99 ${millis(p99)}`)
}

function countOf({ errors }: SecondResult): number {
  return Object.values(errors).reduce((sum, each) => sum + each, 0)
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function millis(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : Math.round(value)} ms`
}
