import { afterAll, afterEach, beforeAll } from 'vitest'
import { type Backend, startBackend } from './backend.ts'

/**
 * A backend for all tests of a file, handed over before the first of them; its calls and its answer begin anew after
 * each. Hooks that are registered later run before that.
 */
export function useBackend(take: (backend: Backend) => void): void {
  let backend: Backend
  beforeAll(async () => {
    backend = await startBackend()
    take(backend)
  })
  afterAll(() => backend.close())
  afterEach(() => {
    backend.calls.length = 0
    backend.answer = (_call, response) => void response.end()
  })
}
