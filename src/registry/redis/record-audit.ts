import type { RecordStore } from './record-store.ts'

export interface RecordAuditOptions {
  readonly recordStore: RecordStore
  /** Called when a rewrite failed: whatever was written last may be lost. */
  readonly failed: (error: Error) => void
}

/** Compares, with each renewal, what Redis holds with what it has to hold, and has all records written anew. */
export interface RecordAudit {
  /** Takes what a renewal has found: as `MembershipOptions.held`. */
  check(stored: number, anew: boolean, askedAt: number): void
}

/** Renewals in a row that count another number of records than there should be: one may have been asked in between. */
const maxMismatches = 2

export function createRecordAudit({ recordStore, failed }: RecordAuditOptions): RecordAudit {
  let mismatches = 0
  let rewriting = false

  async function rewrite(): Promise<void> {
    mismatches = 0
    if (rewriting) return
    rewriting = true
    try {
      await recordStore.rewrite()
    } catch (error) {
      failed(error as Error)
    } finally {
      rewriting = false
    }
  }

  return {
    check(stored, anew, askedAt) {
      const expected = recordStore.expectedSince(askedAt)
      mismatches = expected !== null && stored !== expected ? mismatches + 1 : 0
      // A failover may lose what was written last without telling anybody.
      if (anew || mismatches >= maxMismatches) void rewrite()
    },
  }
}
