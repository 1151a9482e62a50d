import { expect, test } from 'vitest'
import { studentT } from '../../../load/src/report/student-t.ts'

test.each([
  // tail of both sides, degrees of freedom, the value of a printed table
  [0.5, 1, 1],
  [0.05, 1, 12.7062],
  [0.05, 4, 2.7764],
  [0.05, 30, 2.0423],
  [0.01, 10, 3.1693],
  [0.001, 5, 6.8688],
  [0.001, 120, 3.3735],
  [0.05, 1e9, 1.96],
  [0.0001, 1e9, 3.8906],
])('with %d beyond and %d degrees of freedom it is %d', (tail, freedom, value) => {
  expect(studentT(tail, freedom)).toBeCloseTo(value, 3)
})
