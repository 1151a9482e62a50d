/** Metrics of a management port, by `name{label="value",…}` with the labels in alphabetical order. */
export async function readMetrics(managementPort: number): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://127.0.0.1:${managementPort}/metrics`)
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [seriesName(line), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}

function seriesName(line: string): string {
  const text = line.slice(0, line.lastIndexOf(' '))
  const brace = text.indexOf('{')
  if (brace < 0) return text
  const labels = text.slice(brace + 1, -1).match(/\w+="(?:[^"\\]|\\.)*"/g) ?? []
  return `${text.slice(0, brace)}{${labels.sort().join(',')}}`
}
