import { linearScale, logScale, type Scale, timeTicks } from './chart-scale.ts'
import { type ChartSeries, foldValues, type TimeAxis, type TimeChart } from './chart-spec.ts'
import { clockText, figureText, tickText } from './figures.ts'
import { html, type Markup } from './html.ts'

const maxPoints = 240
const maxTableRows = 24
/** The plot is drawn on so many units and stretched to whatever width the page has. */
const [drawnWidth, drawnHeight] = [1000, 1000]

interface Drawn {
  readonly series: readonly { readonly name: string; readonly points: readonly (number | null)[] }[]
  readonly count: number
  /** Seconds a point. */
  readonly width: number
  /** Seconds that the axis covers. */
  readonly extent: number
  readonly scale: Scale
  readonly isLog: boolean
}

/**
 * A chart over time as SVG that needs no script: text keeps its size at any width, since only the lines are stretched;
 * pointing at a second shows its values; the figures are in a table beside it.
 */
export function timeChart(chart: TimeChart, axis: TimeAxis): Markup {
  const drawn = draw(chart, axis)
  const each = drawn.width === 1 ? null : `${drawn.width} s a point`
  const notes = [chart.unit, drawn.isLog ? 'logarithmic' : null, each].filter((note) => note !== null)
  return html`<figure class="chart" id="chart-${chart.id}">
<figcaption><h3 id="title-${chart.id}">${chart.title}</h3> <span class="unit">${notes.join(', ')}</span></figcaption>
${legend(chart)}
<div class="plot-box">
<svg class="y-axis" aria-hidden="true"><svg y="22" height="180" width="100%">${yLabels(drawn)}</svg></svg>
<svg class="plot" role="img" aria-labelledby="title-${chart.id}" aria-describedby="table-${chart.id}">
<svg y="22" height="180" width="100%">${bands(axis, drawn)}${gridLines(drawn)}${limitLine(chart, drawn)}
<svg class="drawing" viewBox="0 0 ${drawnWidth} ${drawnHeight}" preserveAspectRatio="none" width="100%" height="100%">${
    chart.kind === 'lines' ? lines(drawn) : bars(drawn)
  }</svg>${readings(drawn)}</svg>
${bandLabels(axis, drawn)}${xLabels(drawn)}
</svg>
</div>
${figuresTable(chart, drawn)}
</figure>`
}

/** The legend of a chart: its lines in the order in which they are drawn. */
export function legend({
  series,
  kind,
}: Pick<TimeChart, 'kind'> & { readonly series: readonly Pick<ChartSeries, 'name'>[] }): Markup {
  const items = series.map(
    ({ name }, index) =>
      html`<li><svg class="swatch" aria-hidden="true">${
        kind === 'lines'
          ? html`<line class="line s${index + 1}" x1="0" x2="22" y1="6" y2="6"/>`
          : html`<rect class="bar s${index + 1}" width="12" height="12" x="5"/>`
      }</svg>${name}</li>`,
  )
  return html`<ul class="legend">${items}</ul>`
}

function draw({ series, scale, kind, atLeast, limit }: TimeChart, { seconds }: TimeAxis): Drawn {
  const width = Math.max(1, Math.ceil(seconds / maxPoints))
  const folded = series.map(({ name, values, fold }) => ({ name, points: foldValues(values, fold, width) }))
  const count = Math.max(1, Math.ceil(seconds / width))
  const known = folded.flatMap(({ points }) => points.filter((each) => each !== null))
  const tallest =
    kind === 'lines'
      ? known.reduce((most, each) => Math.max(most, each), 0)
      : sums(
          folded.map(({ points }) => points),
          count,
        ).reduce((most, each) => Math.max(most, each), 0)
  const positive = known.filter((each) => each > 0)
  const least = positive.reduce((min, each) => Math.min(min, each), Number.POSITIVE_INFINITY)
  const isLog = scale === 'auto' && positive.length > 0 && tallest / least > 25
  // A limit that is far away would only press the lines to the floor.
  const reach = limit !== null && limit.value < tallest * (isLog ? 20 : 2) ? limit.value : 0
  const top = Math.max(tallest, atLeast, reach)
  return {
    ...{ series: folded, count, width, extent: count * width, isLog },
    scale: isLog ? logScale(least, top) : linearScale(top),
  }
}

function sums(points: readonly (readonly (number | null)[])[], count: number): number[] {
  return Array.from({ length: count }, (_, index) => points.reduce((sum, each) => sum + (each[index] ?? 0), 0))
}

const percent = (share: number) => `${round(share * 100)}%`

/** Short enough for thousands of points, finer than a pixel. */
export function round(value: number): number {
  return Math.round(value * 100) / 100
}

const fromTop = ({ at }: Scale, value: number) => 1 - at(value)

function lines({ series, count, scale }: Drawn): Markup[] {
  return series.map(({ points }, index) => {
    let path = ''
    let isOpen = false
    for (const [at, value] of points.entries()) {
      if (value !== null) {
        const [x, y] = [((at + 0.5) / count) * drawnWidth, fromTop(scale, value) * drawnHeight]
        const half = drawnWidth / count / 2
        // A point without neighbours is a dash as wide as its second.
        path +=
          isOpen || (points[at + 1] ?? null) !== null
            ? `${isOpen ? 'L' : 'M'}${round(x)} ${round(y)}`
            : `M${round(x - half)} ${round(y)}h${round(half * 2)}`
      }
      isOpen = value !== null
    }
    return html`<path class="line s${index + 1}" d="${path}"/>`
  })
}

function bars({ series, count, scale }: Drawn): Markup[] {
  const base = Array.from({ length: count }, () => 0)
  return series.map(({ points }, index) => {
    let path = ''
    for (const [at, value] of points.entries()) {
      if (value === null || value === 0) continue
      const from = base[at] ?? 0
      base[at] = from + value
      // Gaps between many bars would only flicker.
      const gap = count > 100 ? 0 : 0.08
      const [left, right] = [(at + gap) / count, (at + 1 - gap) / count].map((x) => round(x * drawnWidth))
      const [bottom, top] = [from, from + value].map((y) => round(fromTop(scale, y) * drawnHeight))
      path += `M${left} ${bottom}V${top}H${right}V${bottom}z`
    }
    return html`<path class="bar s${index + 1}" d="${path}"/>`
  })
}

function gridLines({ scale, extent }: Drawn): Markup[] {
  return [
    ...scale.ticks.map((tick) => {
      const y = percent(fromTop(scale, tick))
      return html`<line class="grid" x1="0" x2="100%" y1="${y}" y2="${y}"/>`
    }),
    ...timeTicks(extent).map((tick) => {
      const x = percent(tick / extent)
      return html`<line class="tick" x1="${x}" x2="${x}" y1="100%" y2="185"/>`
    }),
  ]
}

function yLabels({ scale }: Drawn): Markup[] {
  return scale.ticks.map(
    (tick) =>
      html`<text x="100%" dx="-8" y="${percent(fromTop(scale, tick))}" dy="4" text-anchor="end">${tickText(tick)}</text>`,
  )
}

/** Every other label is left out where the page is narrow. */
function xLabels({ extent }: Drawn): Markup[] {
  return timeTicks(extent).map((tick, index) => {
    const share = tick / extent
    const anchor = share < 0.02 ? 'start' : share > 0.97 ? 'end' : 'middle'
    return html`<text class="${index % 2 === 0 ? 'x-label' : 'x-label wide'}" x="${percent(share)}" y="219" text-anchor="${anchor}">${clockText(tick)}</text>`
  })
}

function bands({ phases }: TimeAxis, { extent }: Drawn): Markup[] {
  return phases.map(({ from, to }, index) => {
    const [x, width] = [percent(from / extent), percent(Math.max(0, Math.min(to, extent) - from) / extent)]
    return html`<rect class="${index % 2 === 0 ? 'band even' : 'band odd'}" x="${x}" width="${width}" height="100%"/>`
  })
}

/** About what a letter takes, and how wide the plot is on a desk and on a phone. */
const [letter, wide, narrow] = [6.6, 560, 270]

/** The name of a phase where it has room, else its number, else nothing. */
function bandLabels({ phases }: TimeAxis, { extent }: Drawn): Markup[] {
  return phases.flatMap(({ name, from, to }, index) => {
    const share = Math.max(0, Math.min(to, extent) - from) / extent
    const fitting = (pixels: number) =>
      [name, String(index + 1)].find((text) => text.length * letter + 6 <= share * pixels) ?? ''
    const [x, onDesk, onPhone] = [percent((from + Math.min(to, extent)) / 2 / extent), fitting(wide), fitting(narrow)]
    const label = (text: string, where: string) =>
      text === '' ? [] : [html`<text class="phase${where}" x="${x}" y="14" text-anchor="middle">${text}</text>`]
    return onDesk === onPhone ? label(onDesk, '') : [...label(onDesk, ' wide'), ...label(onPhone, ' narrow')]
  })
}

function limitLine({ limit }: TimeChart, { scale }: Drawn): Markup | null {
  if (limit === null) return null
  const y = fromTop(scale, limit.value)
  if (y <= 0 || y >= 1) return null
  return html`<line class="limit" x1="0" x2="100%" y1="${percent(y)}" y2="${percent(y)}"/><text class="limit-name" x="100%" dx="-4" y="${percent(y)}" dy="${y < 0.12 ? 14 : -5}" text-anchor="end">${limit.name}</text>`
}

/** A column a point that shows its values when it is pointed at: no script is needed for that. */
function readings({ series, count, width }: Drawn): Markup[] {
  return Array.from({ length: count }, (_, at) => {
    const values = series.flatMap(({ name, points }) => {
      const value = points[at] ?? null
      return value === null || (series.length > 4 && value === 0) ? [] : [`${name} ${figureText(value)}`]
    })
    if (values.length === 0) return html``
    const text = [clockText(at * width), ...values].join(' · ')
    const [x, middle] = [percent(at / count), percent((at + 0.5) / count)]
    return html`<g class="at"><rect x="${x}" width="${percent(1 / count)}" height="100%"/><line x1="${middle}" x2="${middle}" y1="0" y2="100%"/><text x="50%" y="13" text-anchor="middle">${text}</text></g>`
  })
}

function figuresTable({ id, title, unit, series }: TimeChart, { extent }: Drawn): Markup {
  const width = Math.max(1, Math.ceil(extent / maxTableRows))
  const folded = series.map(({ values, fold }) => foldValues(values, fold, width))
  const count = Math.max(0, ...folded.map((each) => each.length))
  const rows = Array.from({ length: count }, (_, index) => {
    const cells = folded.map((each) => {
      const value = each[index] ?? null
      return html`<td>${value === null ? '–' : figureText(value)}</td>`
    })
    return html`<tr><th scope="row">${clockText(index * width)}</th>${cells}</tr>`
  })
  const how = width === 1 ? '' : `, ${width} s a row`
  return html`<details><summary>Figures</summary><div class="scroll"><table class="figures" id="table-${id}"><caption>${title} (${unit}${how})</caption><thead><tr><th scope="col">from</th>${series.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div></details>`
}
