import { join } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { expect, test } from 'vitest'
import { checkDefinitions } from '../../src/app/check.ts'
import { readSettings } from '../../src/config/read-settings.ts'
import { apiYaml, definitionFolder } from '../helpers/definition-folder.ts'

/** The faults and warnings of a definition, as `postern check` prints them, without the folder; `rest` starts at line 5. */
async function faultsOf(rest: string): Promise<string[]> {
  const dir = definitionFolder({ 'chat/api.yaml': apiYaml('chat', rest) })
  const { settings, locate } = await readSettings({ flags: { dir }, env: {}, file: null })
  if (settings === null) throw new Error('no settings')
  const found = await checkDefinitions(settings, locate)
  return found.map((fault) => formatFault(fault).replace(join(dir, 'chat/api.yaml:'), ''))
}

const withRoute = (route: string) => `models: { Order: { schema: {} } }
routes:
  a: { integration: { integrationType: MOCK }, ${route} }`

const cases: [name: string, rest: string, ...faults: string[]][] = [
  ['models without a fault', withRoute('modelSelectionExpression: $request.body.type, requestModels: { a: Order }')],
  [
    'a model that is not there, with the nearest name',
    withRoute('modelSelectionExpression: \\$default, requestModels: { $default: Ordr }'),
    '7:112: routes.a.requestModels.$default: "Ordr" is not under models; allowed: Order. Did you mean "Order"?',
  ],
  [
    'an expression that is none',
    withRoute('modelSelectionExpression: $request.header.x, requestModels: { a: Order }'),
    '7:74: routes.a.modelSelectionExpression: $request.header.x is no variable here; allowed: $request.body.<JSONPath>, and \\$ for a dollar sign (at character 1)',
  ],
  [
    'models that validate nothing, and an expression that lets nothing pass: a warning',
    `models: { Order: { schema: {} } }
routes:
  a: { integration: { integrationType: MOCK }, requestModels: { a: Order } }
  b: { integration: { integrationType: MOCK }, modelSelectionExpression: x }`,
    '7:48: warning: routes.a.requestModels: nothing is validated without modelSelectionExpression',
    '8:48: warning: routes.b.modelSelectionExpression: no message passes without requestModels',
  ],
  [
    'a route that has no messages',
    `models: { Order: { schema: {} } }
routes:
  $connect: { modelSelectionExpression: x, requestModels: { x: Order } }`,
    '7:15: routes.$connect.modelSelectionExpression: only messages have a body to validate',
    '7:44: routes.$connect.requestModels: only messages have a body to validate',
  ],
  [
    'a name, a content type and a member that AWS has not, or has otherwise',
    `models:
  my-model: { schema: {} }
  Order: { schema: {}, contentType: text/plain, name: Order }
routes: {}`,
    '6:3: models.my-model: not a valid name; allowed: a name of 1 to 128 letters and digits',
    '7:37: models.Order.contentType: found "text/plain"; allowed: application/json, or a type that ends in +json: only JSON is validated',
    '7:49: models.Order.name: not supported: the key under models is the name',
  ],
  [
    'a schema that is neither a map nor a text, or missing',
    'models: { A: { schema: 1 }, B: {} }\nroutes: {}',
    '5:24: models.A.schema: found 1 (a number); allowed: a JSON Schema as a map, or its JSON text of at most 409600 characters',
    '5:29: models.B.schema: missing; allowed: a JSON Schema as a map, or its JSON text of at most 409600 characters',
  ],
  [
    'what is wrong inside of schemas, each in its place',
    `models:
  Order:
    schema:
      properties:
        item: { $ref: 'https://apigateway.amazonaws.com/restapis/chat/models/Itm' }
        other: { type: objekt }
  Item: { schema: '{"type": 1}' }
routes: {}`,
    '9:23: models.Order.schema.properties.item.$ref: "Itm" is not under models. Did you mean "Item"?',
  ],
  [
    'what is wrong inside of schemas whose references lead somewhere',
    `models:
  Order:
    schema:
      properties:
        other: { type: objekt }
  Item: { schema: '{"type": 1}' }
  Old: { schema: { $schema: 'http://json-schema.org/draft-03/schema#' } }
routes: {}`,
    expect.stringMatching(/^11:18: models\.Old\.schema: \$schema names no draft/) as unknown as string,
  ],
  [
    'types that are none, in place and as text',
    `models:
  Order:
    schema:
      properties:
        other: { type: objekt }
  Item: { schema: '{"type": 1}' }
routes: {}`,
    '9:24: models.Order.schema.properties.other.type: no JSON Schema (draft 4) at /properties/other/type: must match a schema in anyOf',
    '10:11: models.Item.schema.type: no JSON Schema (draft 4) at /type: must match a schema in anyOf',
  ],
]
test.each(cases)('%s', async (_name, rest, ...faults) => {
  expect(await faultsOf(rest)).toEqual(faults)
})
