import type { HeaderList } from '../vocabulary/headers.ts'

/** A whole HTTP answer: to a plain request, or to a handshake in place of the 101. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: HeaderList
  readonly body: string | Uint8Array
}
