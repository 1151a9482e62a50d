import { describe, expect, test } from 'vitest'
import { faultsOf, judgeBy, judgesBy, modelsOf } from './compile.ts'

const url = (name: string) => `https://apigateway.amazonaws.com/restapis/chat/models/${name}`
const uris = {
  'draft 4': 'http://json-schema.org/draft-04/schema#',
  'draft 6': 'http://json-schema.org/draft-06/schema#',
  'draft 7': 'http://json-schema.org/draft-07/schema#',
  '2019-09': 'https://json-schema.org/draft/2019-09/schema',
  '2020-12': 'https://json-schema.org/draft/2020-12/schema',
}

describe('the text of a refusal is that of API Gateway', () => {
  const cases: [schema: object, value: unknown, text: string][] = [
    [{ required: ['name', 'age'] }, {}, 'object has missing required properties (["age","name"])'],
    [
      { type: 'number' },
      'x',
      'instance type (string) does not match any allowed primitive type (allowed: ["integer","number"])',
    ],
    [
      { type: ['string', 'null'] },
      1.5,
      'instance type (number) does not match any allowed primitive type (allowed: ["null","string"])',
    ],
    [{ type: 'object' }, [], 'instance type (array) does not match any allowed primitive type (allowed: ["object"])'],
    [
      { additionalProperties: false, properties: { a: {} } },
      { a: 1, c: 1, b: 1 },
      'object instance has properties which are not allowed by the schema: ["b","c"]',
    ],
    [{ enum: ['a', 'b'] }, 'c', 'instance value ("c") not found in enum (possible values: ["a","b"])'],
    [{ minLength: 2 }, '𝒳', 'string "𝒳" is too short (length: 1, required minimum: 2)'],
    [{ maxLength: 2 }, 'abc', 'string "abc" is too long (length: 3, maximum allowed: 2)'],
    [{ pattern: '^a$' }, 'b', 'ECMA 262 regex "^a$" does not match input string "b"'],
    [{ minimum: 5 }, 1, 'numeric instance is lower than the required minimum (minimum: 5, found: 1)'],
    [{ maximum: 5 }, 6, 'numeric instance is greater than the required maximum (maximum: 5, found: 6)'],
    [{ minimum: 5, exclusiveMinimum: true }, 5, 'numeric instance is not strictly greater than the required minimum 5'],
    [{ maximum: 5, exclusiveMaximum: true }, 5, 'numeric instance is not strictly lower than the required maximum 5'],
    [{ multipleOf: 2 }, 3, 'remainder of division is not zero (3 / 2)'],
    [{ minItems: 2 }, [1], 'array is too short: must have at least 2 elements but instance has 1 elements'],
    [{ maxItems: 0 }, [1], 'array is too long: must have at most 0 elements but instance has 1 elements'],
    [{ uniqueItems: true }, [1, 1], 'array must not contain duplicate elements'],
    [
      { items: [{}], additionalItems: false },
      [1, 2],
      'schema only allows 1 elements in array but instance has 2 elements',
    ],
    [{ minProperties: 1 }, {}, 'object has too few properties (found 0 but schema requires at least 1)'],
    [{ maxProperties: 0 }, { a: 1 }, 'object has too many properties (found 1 but schema requires at most 0)'],
    [
      { dependencies: { a: ['b', 'c'] } },
      { a: 1, b: 1 },
      'property "a" of object has missing property dependencies (schema requires ["b","c"]; missing: ["c"])',
    ],
    [
      { anyOf: [{ type: 'string' }, { type: 'null' }] },
      1,
      'instance failed to match at least one required schema among 2',
    ],
    [
      { oneOf: [{ type: 'string' }, { type: 'null' }] },
      1,
      'instance failed to match exactly one schema (matched 0 out of 2)',
    ],
    [{ oneOf: [{}, { type: 'integer' }] }, 1, 'instance failed to match exactly one schema (matched 2 out of 2)'],
    [{ not: {} }, 1, 'instance matched a schema which it should not have'],
    [{ format: 'email' }, 'x', 'string "x" is not a valid email address'],
    [{ format: 'ipv4' }, 'x', 'string "x" is not a valid IPv4 address'],
  ]
  const judges = judgesBy(cases.map(([schema]) => schema))
  test.each(cases.map((each, index) => [...each, index] as const))('%j of %j', (_schema, value, text, index) => {
    expect(judges[index]?.(value)).toMatchObject({
      parts: [{ pointer: '', message: text }],
      validationErrorString: `[${text}]`,
    })
  })
})

test('a refusal has the pointer of what does not fit', () => {
  const judge = judgeBy({ properties: { 'a/b': { items: { required: ['c'] } } } })
  expect(judge({ 'a/b': [{ c: 1 }, {}] })?.parts[0]?.pointer).toBe('/a~1b/1')
})

test('the text for the log has no value of the body, the one for people only the beginning of one', () => {
  const secret = 'secret'.repeat(100)
  const schemas = [
    { enum: ['a'] },
    { pattern: '^a$' },
    { maxLength: 3 },
    { minLength: 1_000 },
    { format: 'email' },
    { type: 'null' },
  ]
  for (const judge of judgesBy(schemas.map((schema) => ({ properties: { a: schema } })))) {
    const refused = judge({ a: secret })
    expect(refused?.logText).toMatch(/^\/a: /)
    expect(refused?.logText).not.toContain('secret')
    expect(refused?.validationErrorString.length).toBeLessThan(250)
  }
  expect(judgeBy({ additionalProperties: false })({ secret: 1 })?.logText).not.toContain('secret')
  expect(judgeBy({ maximum: 1 })(4711)?.logText).not.toContain('4711')
  expect(judgeBy({ multipleOf: 2 })(4711)?.logText).not.toContain('4711')
})

describe('every draft', () => {
  test.each(Object.entries(uris))('%s is chosen by $schema, however it is spelt', (_draft, uri) => {
    for (const spelt of [uri, uri.replace(/#$/, ''), uri.replace(/^https?/, 'https'), uri.replace(/^https?/, 'http')]) {
      const judge = judgeBy({
        $schema: spelt,
        type: 'object',
        properties: { a: { $ref: '#/definitions/b' } },
        definitions: { b: { type: 'string' } },
      })
      expect(judge({ a: 'x' })).toBeNull()
      expect(judge({ a: 1 })?.parts[0]?.pointer).toBe('/a')
    }
  })

  test.each([
    ['draft 6', { const: 1 }, 1, 2],
    ['draft 6', { exclusiveMinimum: 1 }, 2, 1],
    ['draft 7', { if: { const: 1 }, else: false }, 1, 2],
    ['2019-09', { dependentRequired: { a: ['b'] } }, {}, { a: 1 }],
    ['2019-09', { properties: { a: true }, unevaluatedProperties: false }, { a: 1 }, { b: 1 }],
    ['2020-12', { prefixItems: [{ type: 'string' }], items: false }, ['a'], ['a', 'b']],
    [
      '2020-12',
      { $dynamicAnchor: 'n', properties: { a: { $dynamicRef: '#n' } }, required: ['b'] },
      { b: 1 },
      { b: 1, a: {} },
    ],
  ] as const)('%s has what is new in it: %j', (draft, schema, fits, doesNot) => {
    const judge = judgeBy({ $schema: uris[draft], ...schema })
    expect(judge(fits)).toBeNull()
    expect(judge(doesNot)).not.toBeNull()
  })

  test('without $schema it is draft 4: numbers that must not be reached are true or false', () => {
    expect(judgeBy({ minimum: 1, exclusiveMinimum: true })(1)).not.toBeNull()
    expect(faultsOf({ A: { minimum: 1, exclusiveMinimum: 1 } })).toEqual([
      'A.schema.exclusiveMinimum: no JSON Schema (draft 4) at /exclusiveMinimum: must be boolean',
    ])
  })

  test('beside a $ref other keywords count from 2019-09 on only', () => {
    const schema = {
      definitions: { b: { type: 'string' } },
      properties: { a: { $ref: '#/definitions/b', maxLength: 1 } },
    }
    expect(judgeBy({ $schema: uris['draft 7'], ...schema })({ a: 'xx' })).toBeNull()
    expect(judgeBy({ $schema: uris['2020-12'], ...schema })({ a: 'xx' })).not.toBeNull()
  })
})

describe('values', () => {
  test('names that every object inherits are no members', () => {
    const judge = judgeBy({ required: ['constructor', '__proto__'], properties: { toString: { type: 'string' } } })
    expect(judge({ a: 1 })).not.toBeNull()
    expect(judge(JSON.parse('{"constructor": 1, "__proto__": 2}'))).toBeNull()
  })

  test.each([
    ['a', 1],
    ['𝒳', 1],
    ['a𝒳b', 3],
    ['\ud835', 1],
    ['\udcb3\ud835', 2],
    ['', 0],
  ])('%j has as many characters as JSON Schema counts', (text, length) => {
    const [exact, shorter, longer] = judgesBy([
      { minLength: length, maxLength: length },
      { maxLength: length - 1 < 0 ? 0 : length - 1 },
      { minLength: length + 1 },
    ])
    expect([exact?.(text) === null, shorter?.(text) === null, longer?.(text) === null]).toEqual([
      true,
      length === 0,
      false,
    ])
  })

  test('are not changed', () => {
    const value = Object.freeze({ b: 1 })
    expect(judgeBy({ properties: { a: { default: 1 }, b: { type: 'integer' } } })(value)).toBeNull()
    expect(value).toEqual({ b: 1 })
  })

  test.each([
    [[1, '1', true, 'true', null, 'null', [1], '[1]', { a: 1 }, '{"a":1}', ['1'], [], {}], true],
    [
      [
        { a: 1, b: [2] },
        { b: [2], a: 1 },
      ],
      false,
    ],
    [[0, -0], false],
    [['x', 'x'], false],
  ])('%j has no duplicates: %s', (items, unique) => {
    expect(judgeBy({ uniqueItems: true })(items) === null).toBe(unique)
  })
})

describe('references between models', () => {
  test('are the URLs of AWS, also to a part, and in a ring', () => {
    const judge = modelsOf({
      Order: { properties: { item: { $ref: url('Item') }, part: { $ref: `${url('Item')}#/definitions/part` } } },
      Item: { properties: { of: { $ref: url('Order') } }, required: ['of'], definitions: { part: { type: 'string' } } },
    }).get('Order')?.judge
    expect(judge?.({ item: { of: { part: 'x' } }, part: 'x' })).toBeNull()
    expect(judge?.({ item: { of: { part: 1 } } })?.parts[0]?.pointer).toBe('/item/of/part')
    expect(judge?.({ item: {} })?.parts[0]?.pointer).toBe('/item')
  })

  test('that lead nowhere are faults in their place', () => {
    expect(faultsOf({ Order: { items: { $ref: url('Itm') } }, Item: {} })).toEqual([
      'Order.schema.items.$ref: "Itm" is not under models. Did you mean "Item"?',
    ])
    expect(faultsOf({ Order: { $ref: url('Item').replace('chat', 'other') }, Item: {} })).toEqual([
      `Order.schema.$ref: leads to the models of another API; this one's are ${url('<name>')}`,
    ])
    expect(faultsOf({ Order: { $ref: url('Item') }, Item: { $schema: uris['2020-12'] } })).toEqual([
      'Order.schema.$ref: model Item is 2020-12 and this one is draft 4: models that refer to each other have the same $schema',
    ])
    const nowhere = "leads nowhere; allowed: #/… in this schema, and the URLs of this API's models (nothing is fetched)"
    expect(
      faultsOf({ A: { properties: { a: { $ref: 'http://169.254.169.254/latest' } } }, B: { $ref: '#/nothing' } }),
    ).toEqual([
      `A.schema.properties.a.$ref: $ref "http://169.254.169.254/latest" ${nowhere}`,
      expect.stringMatching(/^B\.schema/),
    ])
  })
})

describe('a schema that is none', () => {
  test.each<[schema: object | string, fault: string | RegExp]>([
    ['{"type": "object"', 'A.schema: the schema is no JSON text of at most 409600 characters'],
    ['[]', 'A.schema: the schema is no JSON object'],
    [
      { $schema: 'http://json-schema.org/draft-05/schema#' },
      /^A\.schema: \$schema names no draft .* Did you mean "http:\/\/json-schema\.org\/draft-0\d/,
    ],
    [
      { properties: { a: { type: 'strin' } } },
      'A.schema.properties.a.type: no JSON Schema (draft 4) at /properties/a/type: must match a schema in anyOf',
    ],
    [
      { allOf: [{}, { required: [] }] },
      /^A\.schema\.allOf\.1\.required: no JSON Schema \(draft 4\) at \/allOf\/1\/required/,
    ],
    [
      { properties: { a: { pattern: '(' } } },
      'A.schema.properties.a.pattern: "(" is no regular expression; allowed: a regular expression of JavaScript',
    ],
    [{ pattern: '(?i)a' }, /^A\.schema\.pattern: .*; allowed: a regular expression of JavaScript$/],
    [{ patternProperties: { '[': { type: 'null' } } }, /^A\.schema\.patternProperties\.\[: /],
    [{ $async: true }, /\$async/],
    [
      { $ref: '#/definitions/a', definitions: { a: { $ref: '#/definitions/b' }, b: { $ref: '#/definitions/a' } } },
      /refers to nothing but itself/,
    ],
  ])('%j', (schema, fault) => {
    const [first = '', ...rest] = faultsOf({ A: schema })
    if (typeof fault === 'string') expect(first).toBe(fault)
    else expect(first).toMatch(fault)
    expect(rest).toEqual([])
  })

  test('a schema as JSON text is one, and what is unknown in it means nothing', () => {
    const judge = judgeBy('{"type": "string", "format": "nothing", "x-mine": {"$ref": 1}, "title": "A"}')
    expect(judge('a')).toBeNull()
    expect(judge(1)).not.toBeNull()
  })
})
