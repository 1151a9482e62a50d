import type { ComparedFigure, Comparison } from './compare-results.ts'
import type { FigureGroup } from './compared-figures.ts'
import { bytesText, changeText, fixedText, none, percentText } from './figures.ts'
import type { Cell, Column } from './report-tables.ts'
import { painter, wrapped } from './summary-text.ts'
import { type Paint, textTable } from './text-table.ts'
import type { Tone } from './verdict.ts'

const width = 80

const groups: readonly (readonly [FigureGroup, string])[] = [
  ['latency', 'Latency'],
  ['rate', 'Rates'],
  ['errors', 'Errors'],
  ['target', 'Target'],
]

const tones: Readonly<Record<ComparedFigure['verdict'], Tone>> = {
  better: 'good',
  worse: 'bad',
  same: 'plain',
  unclear: 'warn',
}

/**
 * A comparison for a terminal of 80 columns: what speaks against it, then how much changed, then every figure with the
 * noise that it was measured against. Ends with a line feed.
 */
export function compareText(comparison: Comparison, { color }: { readonly color: boolean }): string {
  const paint = painter(color)
  const tables = groups.flatMap(([group, title]) => {
    const figures = comparison.figures.filter((each) => each.group === group)
    return figures.length === 0 ? [] : [figureTable(title, figures, paint)]
  })
  return `${[opening(comparison, paint), ...tables, closing(paint)].join('\n\n')}\n`
}

function opening({ warnings, notes, worse, better, figures }: Comparison, paint: Paint): string {
  const unclear = figures.filter(({ verdict }) => verdict === 'unclear').length
  const same = figures.length - worse - better - unclear
  const counts = [`${worse} worse`, `${better} better`, `${same} without a change beyond noise`, `${unclear} unclear`]
  const tone = worse > 0 ? 'bad' : better > 0 ? 'good' : 'plain'
  return [
    ...warnings.flatMap((each) => wrapped(`! ${each}`, width).map((line) => paint(line, 'warn'))),
    ...notes.flatMap((each) => wrapped(`· ${each}`, width)),
    ...(warnings.length === 0 ? [] : [paint('These runs are not alike: read the figures with that in mind.', 'warn')]),
    ...(warnings.length + notes.length === 0 ? [] : ['']),
    paint(paint(`${figures.length} figures: ${counts.join(', ')}.`, tone), 'strong'),
  ].join('\n')
}

function figureTable(title: string, figures: readonly ComparedFigure[], paint: Paint): string {
  const right = (name: string): Column => ({ name, align: 'right' })
  const columns: Column[] = [
    { name: title, align: 'left' },
    ...['Baseline', 'Candidate', 'Change', 'Noise'].map(right),
    { name: 'Verdict', align: 'left' },
  ]
  const rows = figures.map((figure): Cell[] => {
    const { name, baseline, candidate, change, noise, unit, verdict } = figure
    const points = unit === '%'
    return [
      name,
      valueText(baseline, unit),
      valueText(candidate, unit),
      points ? changeText(change).replace('%', 'points') : changeText(change),
      noiseText(change, noise).replace('%', points ? 'points' : '%'),
      { text: verdict, tone: tones[verdict] },
    ]
  })
  return [textTable({ columns, rows }, paint, width), ...reasons(figures).map((line) => paint(line, 'soft'))].join('\n')
}

/** Lists the reasons below the figures; one that many figures share is said once. */
function reasons(figures: readonly ComparedFigure[]): string[] {
  const names = new Map<string, string[]>()
  for (const { name, why } of figures) if (why !== null) names.set(why, [...(names.get(why) ?? []), name])
  return [...names].flatMap(([why, of]) => wrapped(`${of.join(', ')}: ${why}`, width))
}

function valueText(value: number | null, unit: ComparedFigure['unit']): string {
  if (value === null) return none
  if (unit === '%') return percentText(value)
  if (unit === 'bytes') return bytesText(value)
  return unit === '/s' ? `${fixedText(value)}/s` : `${fixedText(value)} ${unit}`
}

/** The noise with the sign of the change beside it, so that the one can be held against the other. */
function noiseText(change: number | null, noise: number | null): string {
  if (noise === null) return none
  if (Math.abs(noise) > mostNoise) return `> ${percentText(mostNoise)}`
  return change === 0 ? `±${percentText(Math.abs(noise))}` : changeText(noise)
}

/** A figure so noisy says nothing, and more digits of it even less. */
const mostNoise = 10

function closing(paint: Paint): string {
  const text =
    'A change counts when it is beyond its noise, which stands beside it for the same direction. Noise is the ' +
    'largest of three: what equal runs show by chance in one of twenty comparisons, found from how much blocks of ' +
    'five seconds and more differ within a run (batch means); 5 % (memory: 20 %); how far the runs of one side lie ' +
    'apart. docs/load-testing.md has the rest.'
  return wrapped(text, width)
    .map((line) => paint(line, 'soft'))
    .join('\n')
}
