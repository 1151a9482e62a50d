/** Whether an HTTP server on a port of loopback answers a GET of a path with a status below 400. */
export async function answers(port: number, path: string): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(2000) })
  await response.arrayBuffer()
  return response.status < 400
}
