import { noEntries, oneOf, prose, record, refusedMembers, text } from 'postern-documents/schema-parts'
import { z } from 'zod'

/** Models of one API; AWS's quota is 150 and may be raised there. */
const maxModels = 1_000
/** Characters of a schema as JSON text: AWS's 400 KB. */
const maxSchemaText = 409_600

const schemaAllowed = `a JSON Schema as a map, or its JSON text of at most ${maxSchemaText} characters`

const modelName = () => text('a name of 1 to 128 letters and digits', { max: 128, pattern: /^[A-Za-z0-9]+$/ })

export const modelSchema = z
  .strictObject({
    contentType: text('application/json, or a type that ends in +json: only JSON is validated', {
      max: 256,
      pattern: /^[\w.!#$&^-]+\/(?:json|[\w.!#$&^-]+\+json)$/i,
    })
      .default('application/json')
      .describe('The content type of the bodies that the model describes.'),
    schema: z
      .union(
        [text(schemaAllowed, { max: maxSchemaText }), z.record(z.string(), z.unknown(), { error: schemaAllowed })],
        { error: schemaAllowed },
      )
      .describe(
        'A JSON Schema of draft 4 to 2020-12, as $schema says (draft 4 without it): in place, or as JSON text.',
      ),
    description: prose().optional().describe('For people.'),
  })
  .describe('A model (Model of apigatewayv2): what the JSON of a message has to look like.')
refusedMembers.add(modelSchema, {
  modelId: 'the name under models is the id',
  name: 'the key under models is the name',
})

/** The members of an API that models bring. */
export const apiModelMembers = {
  models: record(modelName(), modelSchema, maxModels)
    .default(noEntries)
    .describe('Models by name: JSON Schemas that routes validate messages with.'),
  validationDetails: z
    .boolean({ error: 'true or false' })
    .default(false)
    .describe('Whether the frame Bad request body says what does not fit, and where; AWS keeps it to the logs.'),
  badRequestBodyId: oneOf(['REQUEST_ID', 'MESSAGE_ID'])
    .default('REQUEST_ID')
    .describe(
      "The id in the frame Bad request body: requestId as in all others, or messageId as AWS's page prints it.",
    ),
}

/** The members of a route that models bring. */
export const routeModelMembers = {
  modelSelectionExpression: text('a selection expression, such as $request.body.type or \\$default', { max: 1_024 })
    .optional()
    .describe('Picks the model of a message, by a key of requestModels; messages are validated where it stands.'),
  requestModels: record(
    text('a key that modelSelectionExpression gives, or $default', { max: 512 }),
    text('the name of a model', { max: 128 }),
    1_000,
  )
    .optional()
    .describe('Names of models, by what modelSelectionExpression gives; $default for everything else.'),
}
