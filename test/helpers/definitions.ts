import type { Definition } from './postern.ts'

/** An integration that calls nothing: its template is the reply. */
export const mock = (text: string): Definition => ({
  integrationType: 'MOCK',
  requestTemplates: { $default: '{"statusCode":200}' },
  integrationResponses: { $default: { responseTemplates: { $default: text } } },
})

/** A two-way route that replies with a template. */
export const says = (text: string): Definition => ({ integration: mock(text), routeResponse: true })

/** A route that tells a backend by headers: `{ code: 'disconnectStatusCode' }` is a header with that context variable. */
export const tells = (url: string, headers: Record<string, string>): Definition => ({
  integration: {
    integrationType: 'HTTP_PROXY',
    integrationMethod: 'POST',
    integrationUri: url,
    requestParameters: Object.fromEntries(
      Object.entries(headers).map(([name, variable]) => [`integration.request.header.${name}`, `context.${variable}`]),
    ),
  },
})

/** A local function by its name. */
export const callTo = (name: string): Definition => ({
  integrationType: 'AWS_PROXY',
  integrationUri: `function:${name}`,
})

/** An error frame, byte for byte. */
export const frame = (message: string, connectionId = '[\\w-]{15}=', requestId = '[\\w-]{15}='): RegExp =>
  new RegExp(`^\\{"message": "${message}", "connectionId":"${connectionId}", "requestId":"${requestId}"\\}$`)

/** The body of a handshake that was refused after its connection id was given out: the form of the error frame. */
export const envelope = (message: string): RegExp => frame(message)

/** An id in AWS's short form. */
export const shortId = /^[A-Za-z0-9_-]{15}=$/
export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
