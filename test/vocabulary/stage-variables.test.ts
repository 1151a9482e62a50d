import { describe, expect, test } from 'vitest'
import { replaceStageVariables } from '../../src/vocabulary/stage-variables.ts'

describe('stage variables in a text', () => {
  test('are replaced once, and only those that the stage has itself', () => {
    const variables = { name: 'join', nested: '${stageVariables.name}' }
    expect(replaceStageVariables('function:${stageVariables.name}', variables)).toEqual({
      text: 'function:join',
      missing: [],
    })
    expect(replaceStageVariables('${stageVariables.nested}', variables).text).toBe('${stageVariables.name}')
    expect(replaceStageVariables('${stageVariables.toString}', variables).missing).toEqual(['toString'])
    expect(replaceStageVariables('a${stageVariables.nope}b', variables)).toEqual({ text: 'ab', missing: ['nope'] })
  })
})
