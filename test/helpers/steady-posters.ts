import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import {
  ApiGatewayManagementApiClient,
  ApiGatewayManagementApiServiceException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'

/** One push and what its poster was told: a status, or the code of the error in its place. */
export interface Push {
  readonly number: number
  readonly id: string
  readonly answer: number | string
  /** Milliseconds until the answer. */
  readonly took: number
}

export interface SteadyPosters {
  readonly pushes: readonly Push[]
  /** Resolves when the last answer has come. */
  stop(): Promise<void>
}

export interface PosterOptions {
  /** The connection to post to next; null when there is nobody now. */
  readonly target: () => string | null
  /** Milliseconds from an answer to the next push. */
  readonly gap: number
  /** Bytes that each push is filled up to. */
  readonly size?: number
}

/** The sender of one push: whatever client, without trying again. */
export type Post = (id: string, body: string) => Promise<number | string>

let pushNumber = 0

/** One poster, that pushes one after the other. */
export function startPoster(post: Post, { target, gap, size = 0 }: PosterOptions): SteadyPosters {
  const pushes: Push[] = []
  let isStopped = false
  const loop = async (): Promise<void> => {
    while (!isStopped) {
      const id = target()
      if (id !== null) {
        const number = ++pushNumber
        const startedAt = performance.now()
        const answer = await post(id, `${String(number).padEnd(12)}${'x'.repeat(size)}`)
        pushes.push({ number, id, answer, took: performance.now() - startedAt })
      }
      await pause(gap)
    }
  }
  const done = loop()
  return {
    pushes,
    async stop() {
      isStopped = true
      await done
    },
  }
}

/** A plain HTTP client that keeps its connection open between pushes, or opens one for each, to a stage's URL. */
export function httpPost(endpoint: string, keepAlive: boolean): Post {
  const agent = new Agent({ keepAlive, maxSockets: 1 })
  const { hostname, port, pathname } = new URL(endpoint)
  return (id, body) =>
    new Promise((resolve) => {
      const path = `${pathname}/@connections/${encodeURIComponent(id)}`
      const outgoing = request({ agent, hostname, port, path, method: 'POST' }, (response) => {
        response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
        response.on('end', () => resolve(response.statusCode ?? 0))
        response.resume()
      })
      outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      outgoing.end(body)
    })
}

/** AWS's client, told not to try again, so that what it would hide is seen. */
export function sdkPost(endpoint: string): Post {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-a-secret' }
  const client = new ApiGatewayManagementApiClient({ endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 })
  return async (ConnectionId, Data) => {
    try {
      const { $metadata } = await client.send(new PostToConnectionCommand({ ConnectionId, Data }))
      return $metadata.httpStatusCode ?? 0
    } catch (error) {
      if (error instanceof ApiGatewayManagementApiServiceException) return error.$metadata.httpStatusCode ?? error.name
      return (error as NodeJS.ErrnoException).code ?? String(error)
    }
  }
}
