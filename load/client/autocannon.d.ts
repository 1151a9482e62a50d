// What the load uses of autocannon, which comes without types.
declare module 'autocannon' {
  function autocannon(options: {
    url: string
    connections: number
    duration: number
    headers: Record<string, string>
    body: string
    requests: autocannon.Request[]
  }): autocannon.Instance

  namespace autocannon {
    interface Request {
      method: string
      path: string
    }

    interface Instance {
      on(event: 'response', listener: (client: unknown, status: number, bytes: number, millis: number) => void): void
      on(event: 'reqError' | 'done', listener: () => void): void
      stop(): void
    }
  }

  export default autocannon
}
