import type { LatencyName, LoadResult } from '../contract.ts'
import { latencyNames } from '../contract.ts'
import { logScale } from './chart-scale.ts'
import { figureText, tickText } from './figures.ts'
import { decodeHistogram } from './histogram.ts'
import { html, type Markup } from './html.ts'
import { latencyMeanings } from './report-tables.ts'
import { legend, round } from './time-chart.ts'

const columns = 120
const marks = [50, 90, 99, 99.9, 99.99, 99.999, 99.9999] as const
const tablePercentiles = [50, 75, 90, 95, 99, 99.9, 99.99, 99.999] as const

interface Distribution {
  readonly name: LatencyName
  readonly count: number
  /** Latency in milliseconds at a percentile. */
  readonly at: (percentile: number) => number
}

/**
 * Latency by percentile as HdrHistogram draws it: each step to the right leaves a tenth of the messages, so that the
 * slowest are as visible as the rest. Null when nothing was recorded.
 */
export function distributionChart({ latencies }: LoadResult): Markup | null {
  const distributions = latencyNames.flatMap((name): Distribution[] => {
    const latency = latencies[name]
    if (latency === null || latency.count === 0) return []
    const histogram = decodeHistogram(latency.histogram)
    return [{ name, count: latency.count, at: (percentile) => histogram.getValueAtPercentile(percentile) / 1000 }]
  })
  if (distributions.length === 0) return null
  // Beyond its own count a histogram has nothing to say.
  const nines = Math.min(6, Math.max(1, ...distributions.map(({ count }) => Math.log10(count))))
  const points = distributions.map(({ at, count }) =>
    Array.from({ length: columns + 1 }, (_, index) => {
      const x = (index / columns) * nines
      return x <= Math.log10(count) + nines / columns ? Math.max(at(100 - 100 / 10 ** x), 0.001) : null
    }),
  )
  const known = points.flat().filter((each) => each !== null)
  const scale = logScale(Math.min(...known), Math.max(...known))
  const y = (value: number) => `${round((1 - scale.at(value)) * 100)}%`
  const shown = marks.filter((mark) => Math.log10(100 / (100 - mark)) <= nines + 0.01)
  const x = (mark: number) => Math.log10(100 / (100 - mark)) / nines
  const names = distributions.map(({ name }) => ({ name: latencyMeanings[name].name }))
  const paths = points.map((values, index) => {
    const path = values
      .flatMap((value, at) =>
        value === null ? [] : [`${round((at / columns) * 1000)} ${round((1 - scale.at(value)) * 1000)}`],
      )
      .join('L')
    return html`<path class="line s${index + 1}" d="M${path}"/>`
  })
  const grid = scale.ticks.map((tick) => html`<line class="grid" x1="0" x2="100%" y1="${y(tick)}" y2="${y(tick)}"/>`)
  const uprights = shown.map((mark) => {
    const at = `${round(x(mark) * 100)}%`
    return html`<line class="grid" x1="${at}" x2="${at}" y1="0" y2="185"/>`
  })
  const xLabels = shown.map((mark) => {
    const anchor = x(mark) > 0.97 ? 'end' : 'middle'
    return html`<text class="x-label" x="${`${round(x(mark) * 100)}%`}" y="219" text-anchor="${anchor}">${mark} %</text>`
  })
  const yLabels = scale.ticks.map(
    (tick) => html`<text x="100%" dx="-8" y="${y(tick)}" dy="4" text-anchor="end">${tickText(tick)}</text>`,
  )
  return html`<figure class="chart" id="chart-distribution">
<figcaption><h3 id="title-distribution">Latency by percentile</h3> <span class="unit">ms, both axes logarithmic</span></figcaption>
${legend({ kind: 'lines', series: names })}
<div class="plot-box">
<svg class="y-axis" aria-hidden="true"><svg y="22" height="180" width="100%">${yLabels}</svg></svg>
<svg class="plot" role="img" aria-labelledby="title-distribution" aria-describedby="table-distribution">
<svg y="22" height="180" width="100%"><rect class="band odd" width="100%" height="100%"/>${grid}${uprights}
<svg class="drawing" viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%">${paths}</svg>${readings(distributions, points, nines)}</svg>
${xLabels}
</svg>
</div>
${distributionTable(distributions)}
</figure>`
}

function readings(
  distributions: readonly Distribution[],
  points: readonly (readonly (number | null)[])[],
  nines: number,
): Markup[] {
  return Array.from({ length: columns }, (_, at) => {
    const percentile = 100 - 100 / 10 ** ((at / columns) * nines)
    const values = distributions.flatMap(({ name }, index) => {
      const value = points[index]?.[at] ?? null
      return value === null ? [] : [`${latencyMeanings[name].name} ${figureText(value)}`]
    })
    const text = [`${percentileText(percentile)} %`, ...values].join(' · ')
    const [left, width] = [`${round(((at - 0.5) / columns) * 100)}%`, `${round(100 / columns)}%`]
    const middle = `${round((at / columns) * 100)}%`
    return html`<g class="at"><rect x="${left}" width="${width}" height="100%"/><line x1="${middle}" x2="${middle}" y1="0" y2="100%"/><text x="50%" y="13" text-anchor="middle">${text}</text></g>`
  })
}

/** `90.6`, `99.37`, `99.9962`: two digits behind the nines. */
function percentileText(percentile: number): string {
  const nines = Math.floor(-Math.log10(1 - percentile / 100) + 1e-9)
  return percentile.toFixed(Math.max(0, nines - 1) + 1)
}

function distributionTable(distributions: readonly Distribution[]): Markup {
  const rows = distributions.map(({ name, count, at }) => {
    const cells = tablePercentiles.map((percentile) => {
      const isKnown = count >= 100 / (100 - percentile)
      return html`<td>${isKnown ? figureText(at(percentile)) : '–'}</td>`
    })
    return html`<tr><th scope="row">${latencyMeanings[name].name}</th>${cells}<td>${figureText(at(100))}</td></tr>`
  })
  const head = tablePercentiles.map((percentile) => html`<th scope="col">${percentile} %</th>`)
  return html`<details><summary>Figures</summary><div class="scroll"><table class="figures" id="table-distribution"><caption>Latency by percentile (ms)</caption><thead><tr><th scope="col">kind</th>${head}<th scope="col">max</th></tr></thead><tbody>${rows}</tbody></table></div></details>`
}
