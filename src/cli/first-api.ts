/** The api.yaml that `postern init` writes. */
export const firstApi = `# yaml-language-server: $schema=../api.schema.json
# An API of Postern. 'postern check' finds what is wrong in here; with 'postern start --watch' a change is served at once.

# Names the API in its URL: ws://127.0.0.1:8080/{apiId}/{stage}
apiId: hello
protocolType: WEBSOCKET

# Picks the route of a message: {"action":"shout"} goes to the route 'shout', what fits no route to '$default'.
routeSelectionExpression: $request.body.action

# Functions run in processes of their own, with the events that AWS Lambda would give them: <file>.<export>
functions:
  greet: { handler: handlers.greet }
  shout: { handler: handlers.shout }

routes:
  # Without routeResponse nothing is sent back to the client.
  $default:
    integration: { integrationType: AWS_PROXY, integrationUri: function:greet }
    routeResponse: true
  shout:
    integration: { integrationType: AWS_PROXY, integrationUri: function:shout }
    routeResponse: true
  # $connect:    may refuse a client, with any status but 200
  # $disconnect: runs after a connection has ended

# Where the API is served, with the variables of each place.
stages:
  dev: {}
`

/** The handlers.mjs beside it. */
export const firstHandlers = `/** Answers what fits no other route. */
export const greet = async (event) => {
  const { connectionId } = event.requestContext
  return { statusCode: 200, body: \`hello \${connectionId}, you said: \${event.body}\` }
}

/** Answers {"action":"shout","text":"hello"}. */
export const shout = async (event) => {
  const { text = '' } = JSON.parse(event.body)
  return { statusCode: 200, body: String(text).toUpperCase() }
}
`
