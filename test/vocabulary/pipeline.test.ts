import { describe, expect, test } from 'vitest'
import { createPipeline, type Step } from '../../src/vocabulary/pipeline.ts'

type Trace = string[]

const passes =
  (name: string): Step<Trace, string> =>
  (trace) => {
    trace.push(name)
    return null
  }
const ends =
  (name: string): Step<Trace, string> =>
  (trace) => {
    trace.push(name)
    return `ended by ${name}`
  }
const waits =
  (name: string, end: string | null = null): Step<Trace, string> =>
  async (trace) => {
    trace.push(`${name} begins`)
    await Promise.resolve()
    trace.push(name)
    return end
  }

/** Runs the steps over a new trace; `whenDone` resolves with the trace once the pipeline has said that it is over. */
function run(...steps: Step<Trace, string>[]): { trace: Trace; whenDone: Promise<Trace> } {
  const trace: Trace = []
  const whenDone = new Promise<Trace>((resolve) => {
    createPipeline<Trace, string>({
      steps,
      beforeAwait: (_, left) => void trace.push(`kept for ${left}`),
      ended(carrier, end) {
        trace.push(end ?? 'done')
        resolve(carrier)
      },
      failed(carrier, error) {
        trace.push(`failed: ${(error as Error).message}`)
        resolve(carrier)
      },
    })(trace)
  })
  return { trace, whenDone }
}

describe('a pipeline', () => {
  test('whose steps do not wait is over when the call returns', () => {
    expect(run(passes('a'), passes('b')).trace).toEqual(['a', 'b', 'done'])
  })

  test('without steps is over at once', () => {
    expect(run().trace).toEqual(['done'])
  })

  test('ends with the first step that says so', () => {
    expect(run(passes('a'), ends('b'), passes('c')).trace).toEqual(['a', 'b', 'ended by b'])
  })

  test('has its carrier copy what it needs before anything is awaited, and only then', async () => {
    const { trace, whenDone } = run(passes('a'), waits('b'), passes('c'))
    expect(trace).toEqual(['a', 'b begins', 'kept for 1'])
    expect(await whenDone).toEqual(['a', 'b begins', 'kept for 1', 'b', 'c', 'done'])
  })

  test('ends with a step that waited and says so, and runs no later one', async () => {
    const { whenDone } = run(waits('a', 'ended by a'), passes('b'))
    expect(await whenDone).toEqual(['a begins', 'kept for 1', 'a', 'ended by a'])
  })

  test('goes through several steps that wait, one after the other', async () => {
    const { whenDone } = run(waits('a'), waits('b'), ends('c'))
    expect(await whenDone).toEqual(['a begins', 'kept for 2', 'a', 'b begins', 'kept for 1', 'b', 'c', 'ended by c'])
  })

  test('fails with what a step throws, and runs no later one', () => {
    const throws: Step<Trace, string> = () => {
      throw new Error('broken')
    }
    expect(run(passes('a'), throws, passes('b')).trace).toEqual(['a', 'failed: broken'])
  })

  test('fails with what a step rejects with, and runs no later one', async () => {
    const rejects: Step<Trace, string> = () => Promise.reject(new Error('broken'))
    expect(await run(rejects, passes('b')).whenDone).toEqual(['kept for 1', 'failed: broken'])
  })
})
