/** One value a second; null where nothing was measured. */
export type Values = readonly (number | null)[]

/** The way in which the values of several seconds become one point. */
export type Fold = 'mean' | 'max' | 'last'

export interface ChartSeries {
  readonly name: string
  readonly values: Values
  readonly fold: Fold
}

/** A chart over the seconds of a run. */
export interface TimeChart {
  /** Part of the ids on the page: letters and dashes. */
  readonly id: string
  readonly title: string
  /** The unit of the figures in a few words: `ms`, `a second`. */
  readonly unit: string
  readonly kind: 'lines' | 'stacked bars'
  /** `auto`: logarithmic when the values need it. */
  readonly scale: 'linear' | 'auto'
  readonly series: readonly ChartSeries[]
  /** The axis never ends below. */
  readonly atLeast: number
  /** A line to stay below. */
  readonly limit: { readonly value: number; readonly name: string } | null
}

/** The time axis that all charts of a report share. */
export interface TimeAxis {
  readonly seconds: number
  readonly phases: readonly { readonly name: string; readonly from: number; readonly to: number }[]
}

/** More points than a chart has pixels show nothing more. */
export function foldValues(values: Values, fold: Fold, width: number): (number | null)[] {
  const points: (number | null)[] = []
  for (let start = 0; start < values.length; start += width) {
    points.push(foldOne(values.slice(start, start + width), fold))
  }
  return points
}

function foldOne(values: Values, fold: Fold): number | null {
  const known = values.filter((each) => each !== null)
  if (known.length === 0) return null
  if (fold === 'last') return known.at(-1) ?? null
  if (fold === 'max') return known.reduce((most, each) => Math.max(most, each), 0)
  return known.reduce((sum, each) => sum + each, 0) / known.length
}
