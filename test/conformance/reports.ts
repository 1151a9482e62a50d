import { describe, expect, it } from 'vitest'
import type { ReportPage } from '../../src/registry/report-contract.ts'
import type { SendFailure } from '../../src/vocabulary/frames.ts'
import { allocateConnectionId } from '../../src/vocabulary/ids.ts'
import type { RegistryStore } from './registry-store.ts'
import { foreignId, type Join, malformedIds, type RegistryWorker } from './registry-worker.ts'

const place = { apiId: 'chat', stage: 'dev' }

function someFailures(count: number): SendFailure[] {
  return Array.from({ length: count }, (_, i) => ({
    connectionId: allocateConnectionId(i),
    reason: i % 3 === 0 ? 'gone' : 'full',
  }))
}

async function pagesOf({ registry }: RegistryWorker, id: string, limit: number): Promise<SendFailure[]> {
  const found: SendFailure[] = []
  let cursor: string | null = null
  do {
    const page: ReportPage | string = await registry.readReport(place, id, cursor, limit)
    if (typeof page === 'string') expect.fail(page)
    expect(page.failures.length).toBeLessThanOrEqual(limit)
    found.push(...page.failures)
    cursor = page.cursor
  } while (cursor !== null)
  return found
}

/** The promises of `Reports`, as tests that every engine passes. */
export function describeReports(join: Join): void {
  describe('reports', () => {
    it('are read in pages of any size, on their own stage alone', async () => {
      const worker = await join()
      const { registry } = worker
      const failures = someFailures(23)
      const id = registry.keepReport(place, failures)
      const other = registry.keepReport(place, failures.slice(0, 1))
      for (const limit of [1, 5, 22, 23, 24]) expect(await pagesOf(worker, id, limit)).toEqual(failures)
      expect(await pagesOf(worker, other, 10)).toEqual(failures.slice(0, 1))
      expect(await registry.readReport({ ...place, stage: 'prod' }, id, null, 10)).toBe('gone')
      expect(await registry.readReport({ ...place, apiId: 'orders' }, id, null, 10)).toBe('gone')
      expect(await registry.readReport(place, id, '99', 10)).toEqual({ failures: [], cursor: null })
    })

    it('are gone where there never was one, and have no page behind a cursor that is none', async () => {
      const worker = await join()
      const { registry } = worker
      const id = registry.keepReport(place, someFailures(3))
      for (const gone of [registry.allocateId(), foreignId(worker), ...malformedIds]) {
        expect(await registry.readReport(place, gone, null, 10), gone).toBe('gone')
      }
      for (const cursor of ['', '0', '-1', '1.5', 'x', '100000', '\0', '1'.repeat(5_000)]) {
        await expect(registry.readReport(place, id, cursor, 10), cursor).rejects.toThrow(RangeError)
      }
    })
  })
}

/** The promises of `Reports` that take several workers to be seen. */
export function describeReportsInFleet(join: Join, storeOf: () => RegistryStore): void {
  describe('reports, among several workers', () => {
    it('are read through any, until their worker is dead', async () => {
      const [near, far] = [await join('near'), await join('far')]
      const failures = someFailures(1_500)
      const id = far.registry.keepReport(place, failures)
      for (const limit of [700, 1_000]) expect(await pagesOf(near, id, limit)).toEqual(failures)
      expect(await near.registry.readReport({ ...place, stage: 'prod' }, id, null, 10)).toBe('gone')
      expect(await near.registry.readReport(place, far.registry.allocateId(), null, 10)).toBe('gone')
      await storeOf().kill(far.registry)
      expect(await near.registry.readReport(place, id, null, 10)).toBe('unreachable')
      await storeOf().outliveLease(far.registry)
      expect(await near.registry.readReport(place, id, null, 10)).toBe('gone')
    })
  })
}
