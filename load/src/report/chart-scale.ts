/** An axis: maps a value to its place there, 0 at the start and 1 at the end. */
export interface Scale {
  readonly at: (value: number) => number
  readonly ticks: readonly number[]
}

/** Makes an axis from 0 to a round number above `max`, with about four lines. */
export function linearScale(max: number): Scale {
  const top = max > 0 ? max : 1
  const step = roundUp(top / 4)
  const count = Math.max(1, Math.ceil(top / step - 1e-9))
  const end = step * count
  return { at: (value) => clamp(value / end), ticks: Array.from({ length: count + 1 }, (_, index) => index * step) }
}

/** Makes a logarithmic axis from a round number below `min` to one above `max`, both above 0. */
export function logScale(min: number, max: number): Scale {
  const from = roundDown(min)
  const to = Math.max(roundUp(max), from * 10 ** 0.3)
  const decades = Math.log10(to / from)
  const mantissas = decades <= 2 ? [1, 2, 5] : [1]
  const ticks: number[] = []
  for (let exponent = Math.floor(Math.log10(from)); exponent <= Math.ceil(Math.log10(to)); exponent++) {
    for (const mantissa of mantissas) {
      const tick = Number(`${mantissa}e${exponent}`)
      if (tick >= from * 0.999 && tick <= to * 1.001) ticks.push(tick)
    }
  }
  const every = Math.ceil(ticks.length / 8)
  return {
    at: (value) => (value <= 0 ? 0 : clamp(Math.log10(value / from) / decades)),
    ticks: ticks.filter((_, index) => index % every === 0),
  }
}

const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400]

/** Round times of day-long or second-long runs, nine at most. */
export function timeTicks(seconds: number): number[] {
  const step = timeSteps.find((each) => seconds / each <= 8.5) ?? 86_400
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step)
}

const roundFigures = [1, 2, 5, 10]

function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9)
  return (roundFigures.find((each) => each * power >= value * 0.999_999) ?? 10) * power
}

function roundDown(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9)
  return ([5, 2, 1].find((each) => each * power <= value * 1.000_001) ?? 1) * power
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value))
}
