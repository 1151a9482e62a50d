import { expect, test } from 'vitest'
import { commentFaults } from '../../scripts/comment-openings.ts'

const faultsOf = (source: string) => commentFaults(new Map([['src/a.ts', source]]))

test('a comment that names its thing, or says what it does, is fine', () => {
  expect(faultsOf('/** Version of the worker; null while it starts. */\nversion: string | null')).toEqual([])
  expect(faultsOf('/**\n * Sends a frame. What is left waits.\n */\nsend(): void')).toEqual([])
  expect(faultsOf('/** `$default`, or the key of a route. */\nkey: string')).toEqual([])
})

test.each([
  ['/** Of the worker; null while it starts. */', 'src/a.ts:1: a doc comment begins with "Of"'],
  ['const a = 1\n\n  /** Null while it starts. */', 'src/a.ts:3: a doc comment begins with "Null"'],
  ['/**\n * What it said to itself.\n */', 'src/a.ts:2: a doc comment begins with "What"'],
])('%j leaves its noun to the name below it', (source, fault) => {
  expect(faultsOf(source)).toEqual([`${fault}; name the thing first, or say what it does`])
})

test('texts and other comments may begin as they like', () => {
  expect(faultsOf("// What follows is sorted.\n/* Of no interest. */\nconst glob = '/** Of this. */'")).toEqual([])
  expect(
    faultsOf(
      '/** Whatever was found. */\n/** Information on the worker. */\n/** Format of a line. */\n/** In-flight messages. */',
    ),
  ).toEqual([])
})
