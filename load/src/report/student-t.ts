/**
 * Student's t: the number of standard errors that a mean may be off so that only a share of `tail` lies beyond, on both
 * sides together, when the error itself is estimated with so many degrees of freedom.
 */
export function studentT(tail: number, freedom: number): number {
  let [low, high] = [0, 2]
  while (tailOf(high, freedom) > tail && high < 1e9) high *= 2
  for (let step = 0; step < 100 && high - low > 1e-9 * high; step++) {
    const middle = (low + high) / 2
    if (tailOf(middle, freedom) > tail) low = middle
    else high = middle
  }
  return high
}

/**
 * The share that lies beyond ±t: the regularized incomplete beta function of ν/(ν + t²) with ν/2 and 1/2 (DLMF 8.17).
 */
function tailOf(t: number, freedom: number): number {
  return incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5)
}

function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // The continued fraction converges fast only on this side.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x))
  return (front / a) * continuedFraction(x, a, b)
}

/** DLMF 8.17.22, evaluated from the front with Lentz's method. */
function continuedFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300
  let c = 1
  let d = 1 / (1 - ((a + b) * x) / (a + 1) || tiny)
  let value = d
  for (let m = 1; m <= 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    for (const term of [even, odd]) {
      d = 1 / (1 + term * d || tiny)
      c = 1 + term / c || tiny
      value *= c * d
    }
    if (Math.abs(c * d - 1) < 1e-14) break
  }
  return value
}

/** Stirling's series, after the argument is raised to where it is exact to twelve digits (DLMF 5.11.1). */
function logGamma(x: number): number {
  let [value, at] = [0, x]
  while (at < 10) {
    value -= Math.log(at)
    at++
  }
  const inverse = 1 / (at * at)
  const series = (1 / 12 - (1 / 360 - (1 / 1260 - inverse / 1680) * inverse) * inverse) / at
  return value + (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series
}
