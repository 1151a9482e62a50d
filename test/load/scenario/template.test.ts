import { expect, test } from 'vitest'
import {
  type ClientValues,
  compileMessage,
  compileTemplate,
  TemplateFault,
} from '../../../load/src/scenario/template.ts'

const client: ClientValues = {
  index: 7,
  group: 3,
  vars: { room: 'a "b"', connectionId: 'L0SM9cOFvHcCIhw=' },
  data: { name: 'Zoë', token: 'x&y' },
  env: { KEY: 'k' },
}
const message = { counter: 4, stamp: '~stamp~' }
const render = (text: string) => compileTemplate(text).render(client, message)

test('placeholders stand for what a client and a message have', () => {
  expect(render('{{index}} {{ group }} {{counter}} {{stamp}} {{vars.room}} {{data.name}} {{env.KEY}}')).toBe(
    '7 3 4 ~stamp~ a "b" Zoë k',
  )
  expect(Math.abs(Number(render('{{now}}')) - Date.now())).toBeLessThan(10_000)
  expect(render('{{isoTime}}')).toMatch(/^20\d\d-\d\d-\d\dT[\d:.]+Z$/)
  expect(render('{{uuid}}')).toMatch(/^[0-9a-f-]{36}$/)
  expect(render('{{uuid}}')).not.toBe(render('{{uuid}}'))
  expect(render('[{{pad(5)}}]')).toBe('[xxxxx]')
  const drawn = new Set(Array.from({ length: 200 }, () => render('{{random(1, 3)}}{{pick(a, b)}}')))
  expect([...drawn].sort()).toEqual(['1a', '1b', '2a', '2b', '3a', '3b'])
})

test('what is no placeholder stays as it is', () => {
  for (const text of ['', '{}', '{ {index} }', '{{', 'a}}b', '$context']) expect(render(text)).toBe(text)
})

test('maps become JSON: strings stay inside of their quotes, numbers lose them', () => {
  const template = compileMessage({
    action: 'say',
    n: '{{counter}}',
    text: 'nr {{counter}}',
    room: '{{vars.room}}',
    list: [1, true, null, '{{index}}', { deep: '{{stamp}}' }],
  })
  expect(JSON.parse(template.render(client, message))).toEqual({
    action: 'say',
    n: 4,
    text: 'nr 4',
    room: 'a "b"',
    list: [1, true, null, 7, { deep: '~stamp~' }],
  })
})

test('what is filled into a URL or a header cannot leave its place', () => {
  expect(compileTemplate('ws://h/?t={{data.token}}', 'url').render(client, message)).toBe('ws://h/?t=x%26y')
  const split = { ...client, vars: { x: 'a\r\nEvil: yes' } }
  expect(compileTemplate('Bearer {{vars.x}}', 'header').render(split, message)).toBe('Bearer a  Evil: yes')
})

test.each([
  ['plain {{env.KEY}} {{pad(3)}}', 'constant', false],
  ['{{index}} {{vars.room}}', 'client', false],
  ['{{index}} {{stamp}}', 'message', true],
  ['{{random(1,2)}}', 'message', false],
])('%s is %s', (text, kind, usesStamp) => {
  expect(compileTemplate(text)).toMatchObject({ kind, usesStamp })
})

test.each(['{{}}', '{{nothing}}', '{{constructor}}', '{{random(2,1)}}', '{{random(1)}}', '{{pad(x)}}', '{{vars.}}'])(
  '%s is a fault that says what is allowed',
  (text) => {
    expect(() => compileTemplate(text)).toThrow(TemplateFault)
    expect(() => compileTemplate(text)).toThrow('{{vars.<name>}}')
  },
)

test('a name that every object has stands for nothing', () => {
  expect(compileTemplate('{{vars.constructor}}').render(client, message)).toBe('')
})
