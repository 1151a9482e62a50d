// What load tests and the bench use of autocannon, which comes without types.
declare module 'autocannon' {
  function autocannon(options: {
    url: string
    connections: number
    duration: number
    headers: Record<string, string>
    body?: string
    method?: string
    /** Requests a second of all connections together. */
    overallRate?: number
    /** Time in which a request has to be answered, in seconds. */
    timeout?: number
    requests?: autocannon.Request[]
  }): autocannon.Instance

  namespace autocannon {
    interface Request {
      method: string
      path: string
    }

    interface Instance {
      on(event: 'response', listener: (client: unknown, status: number, bytes: number, millis: number) => void): void
      on(event: 'reqError', listener: (error: Error) => void): void
      on(event: 'done' | 'start', listener: () => void): void
      on(event: 'error', listener: (error: Error) => void): void
      stop(): void
    }
  }

  export default autocannon
}
