import type { HttpOptions } from '../../src/stages/compile-stage.ts'

/** What definitions of HTTP APIs are compiled with where there are none. */
export const noHttp: HttpOptions = { integrationTypes: [], guardTypes: [], accountId: '000000000000' }
