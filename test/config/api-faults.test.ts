import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { afterAll, describe, expect, test } from 'vitest'
import { readApi } from '../../src/config/read-api.ts'

const root = mkdtempSync(join(tmpdir(), 'postern-faults-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0

/** The faults of one definition, as `postern check` prints them, without the temporary folder. */
async function faultsOf(yaml: string | Uint8Array): Promise<string[]> {
  const dir = join(root, String(++folders))
  mkdirSync(join(dir, 'chat'), { recursive: true })
  writeFileSync(join(dir, 'chat/api.yaml'), yaml)
  const { faults } = await readApi(join(dir, 'chat/api.yaml'))
  return faults.map((fault) => formatFault(fault).replaceAll(`${dir}/`, ''))
}

/** A definition without a fault in its first four lines; `rest` starts at line 5. */
const api = (rest: string) => `apiId: chat
protocolType: WEBSOCKET
routeSelectionExpression: $request.body.action
stages: { dev: {} }
${rest}`

test('a minimal definition has no fault', async () => {
  expect(await faultsOf(api('routes: {}'))).toEqual([])
})

const apiMembers =
  'apiId, name, description, protocolType, routeSelectionExpression, allowedOrigins, messageOrdering, slowConsumer, compression, maxFrameBytes, ' +
  'idleTimeoutInSeconds, connectionLifetimeInSeconds, nullFunctionResult, forwardWebSocketHeaders, attributesInEvents, models, ' +
  'validationDetails, badRequestBodyId, functions, ' +
  'integrations and 8 more'

const url = 'an http:// or https:// URL; ${stageVariables.<name>} may stand in it'
const methods = 'GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS'

/** Cases: what is wrong, the definition from line 5 on (or the whole of it), and every line that is reported. */
const cases: [name: string, yaml: string, ...faults: string[]][] = [
  [
    'an unknown member, with the nearest name',
    api('routes: {}\nintegrationss: {}'),
    '6:1: integrationss: unknown member. Did you mean "integrations"?',
  ],
  [
    'an authorizer that is not there, with the nearest name',
    api(
      'routes: { $connect: { authorizationType: CUSTOM, authorizerId: gard } }\n' +
        'authorizers: { guard: { authorizerType: REQUEST, authorizerUri: guard } }',
    ),
    '5:64: routes.$connect.authorizerId: "gard" is not under authorizers; allowed: guard. Did you mean "guard"?',
  ],
  [
    'an authorizationType without its authorizer',
    api('routes: { $connect: { authorizationType: CUSTOM } }'),
    '5:23: routes.$connect.authorizationType: authorizationType CUSTOM needs an authorizerId; allowed: none, there are no such names',
  ],
  [
    'an authorizer that nothing asks',
    api(
      'routes: { $connect: { authorizerId: guard } }\n' +
        'authorizers: { guard: { authorizerType: REQUEST, authorizerUri: guard } }',
    ),
    '5:23: routes.$connect.authorizerId: an authorizer is asked only with authorizationType CUSTOM, JWT or COGNITO_USER_POOLS',
  ],
  [
    'an authorizer of another type',
    api(
      'routes: { $connect: { authorizationType: JWT, authorizerId: guard } }\n' +
        'authorizers: { guard: { authorizerType: REQUEST, authorizerUri: guard } }',
    ),
    '5:61: routes.$connect.authorizerId: "guard" is no authorizer of type JWT, which authorizationType JWT asks; allowed: none, there are no such names',
  ],
  [
    'scopes where nobody has a token',
    api('routes: { join: { authorizationScopes: [a] } }'),
    '5:19: routes.join.authorizationScopes: scopes are those of a token: $connect needs authorizationType JWT or COGNITO_USER_POOLS',
  ],
  [
    'a route of new tokens that is another route, too',
    api(
      'routes: { join: {} }\nauthorizers: { users: { authorizerType: JWT, tokenRefreshRouteKey: join, ' +
        'jwtConfiguration: { issuer: "https://a.example", audience: [a] } } }',
    ),
    '6:68: authorizers.users.tokenRefreshRouteKey: "join" is a route already: messages with new tokens reach no integration',
  ],
  [
    'an authorizer of tokens with members of one that calls a function, and places that carry none',
    api(
      'routes: {}\nauthorizers:\n  users:\n    authorizerType: JWT\n    authorizerUri: x\n    identitySource: [$request.body.token]\n' +
        '    jwtConfiguration: { issuer: a, audience: [], secret: x, algorithms: [none] }',
    ),
    '9:5: authorizers.users.authorizerUri: not supported: AWS has it for functions only; a token is judged here',
    '10:22: authorizers.users.identitySource[0]: found "$request.body.token"; allowed: a place of the token: $request.header.<name>, $request.querystring.<name>, $request.cookie.<name> or $request.subprotocol.<name>',
    '11:33: authorizers.users.jwtConfiguration.issuer: found "a"; allowed: the URL of the issuer, which is iss of its tokens',
    '11:46: authorizers.users.jwtConfiguration.audience: found an empty list; allowed: at least one audience',
    '11:50: authorizers.users.jwtConfiguration.secret: not supported: secrets come from the settings: POSTERN_JWT_SECRETS, which secretName refers to',
    '11:74: authorizers.users.jwtConfiguration.algorithms[0]: found "none"; allowed: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519, HS256, HS384, HS512',
  ],
  [
    'authorization of a route other than $connect',
    api('routes: { join: { authorizationType: AWS_IAM, apiKeyRequired: true } }'),
    '5:19: routes.join.authorizationType: only $connect is authorized; what it allows holds for the whole connection, as on AWS',
    '5:47: routes.join.apiKeyRequired: only $connect has a key to ask for',
  ],
  [
    'an unknown member that is like none',
    api('routes: {}\ncolour: red'),
    `6:1: colour: unknown member; allowed: ${apiMembers}`,
  ],
  [
    'a member that is called __proto__',
    api('routes: {}\n__proto__: { apiId: x }'),
    `6:1: __proto__: unknown member; allowed: ${apiMembers}`,
  ],
  [
    'a missing member',
    'apiId: chat\nprotocolType: WEBSOCKET\nroutes: {}\nstages: { dev: {} }\n',
    '1:1: routeSelectionExpression: missing; allowed: a selection expression, such as $request.body.action',
  ],
  [
    'an API of another kind',
    'apiId: chat\nprotocolType: REST\nrouteSelectionExpression: x\nroutes: {}\nstages: { dev: {} }\n',
    '2:15: protocolType: found "REST"; allowed: WEBSOCKET, HTTP (this version serves no REST APIs)',
  ],
  [
    'a misspelt value',
    api('routes: {}\nmessageOrdering: CONECTION'),
    '6:18: messageOrdering: found "CONECTION"; allowed: PARALLEL, CONNECTION. Did you mean "CONNECTION"?',
  ],
  [
    'an apiId that is no host label',
    'apiId: My Chat\nprotocolType: WEBSOCKET\nrouteSelectionExpression: x\nroutes: {}\nstages: { dev: {} }\n',
    '1:8: apiId: found "My Chat"; allowed: 1 to 63 characters of a-z, 0-9 and -, starting with a letter or digit',
  ],
  ['a member without a value', api('routes:'), '5:1: routes: found nothing; allowed: a map'],
  ['a list where a map belongs', api('routes: [a]'), '5:9: routes: found a list; allowed: a map'],
  [
    'a text where true or false belongs, as YAML 1.2 reads yes',
    api('routes: {}\ncompression: yes'),
    '6:14: compression: found "yes"; allowed: true or false',
  ],
  [
    'a number beyond its bounds',
    api('routes: {}\nidleTimeoutInSeconds: -1'),
    '6:23: idleTimeoutInSeconds: found -1 (a number); allowed: a whole number from 0 to 604800',
  ],
  [
    'a fraction where a whole number belongs',
    api('routes: {}\nconnectionLifetimeInSeconds: 1.5'),
    '6:30: connectionLifetimeInSeconds: found 1.5 (a number); allowed: a whole number from 0 to 2592000',
  ],
  [
    'origins that no browser would send',
    api(
      'routes: {}\nallowedOrigins: [https://app.example/, https://app.example:443, app.example, "https://*.example.com"]',
    ),
    '6:18: allowedOrigins[0]: found "https://app.example/"; allowed: \'*\', an origin such as https://app.example, or https://*.example.com for every subdomain',
    '6:40: allowedOrigins[1]: found "https://app.example:443"; allowed: \'*\', an origin such as https://app.example, or https://*.example.com for every subdomain',
    '6:65: allowedOrigins[2]: found "app.example"; allowed: \'*\', an origin such as https://app.example, or https://*.example.com for every subdomain',
  ],
  [
    'no stage',
    'apiId: chat\nprotocolType: WEBSOCKET\nrouteSelectionExpression: x\nroutes: {}\nstages: {}\n',
    '5:9: stages: found an empty map; allowed: at least one stage, such as dev: {}',
  ],
  [
    'a custom route key that starts with a dollar sign',
    api('routes:\n  $conect: {}'),
    '6:3: routes.$conect: not a valid name; allowed: $connect, $disconnect, $default, or a key that does not start with $',
  ],
  [
    'a misspelt member of a route',
    api('routes:\n  join:\n    routeRespons: true'),
    '7:5: routes.join.routeRespons: unknown member; allowed: integration, routeResponse, routeResponseSelectionExpression, requestParameters, authorizationType, authorizerId, authorizationScopes, apiKeyRequired, connection, groups, modelSelectionExpression, requestModels, operationName. Did you mean "routeResponse"?',
  ],
  [
    'members of routes that AWS has and this version has not',
    api('routes:\n  $connect: { authorizationType: AWS_IAM, apiKeyRequired: true, target: integrations/x }'),
    "6:65: routes.$connect.target: not supported: 'integration' names the integration",
  ],
  [
    'an integration that no name leads to, with the nearest name',
    api('integrations: { backend: { integrationType: MOCK } }\nroutes:\n  join: { integration: bakend }'),
    '7:24: routes.join.integration: "bakend" is not under integrations; allowed: backend. Did you mean "backend"?',
  ],
  [
    'an integration name where there are no integrations',
    api('routes:\n  join: { integration: backend }'),
    '6:24: routes.join.integration: "backend" is not under integrations; allowed: none, there are no such names',
  ],
  [
    'an integration that is called like a member of every object',
    api('routes:\n  join: { integration: constructor }'),
    '6:24: routes.join.integration: "constructor" is not under integrations; allowed: none, there are no such names',
  ],
  [
    'an integration of a kind that there is not',
    api('integrations:\n  a: { integrationType: HTTP_PROXI }\nroutes: {}'),
    '6:25: integrations.a.integrationType: found "HTTP_PROXI"; allowed: AWS_PROXY, AWS, HTTP_PROXY, HTTP, MOCK, GROUP. Did you mean "HTTP_PROXY"?',
  ],
  [
    'an integration without a kind',
    api('routes:\n  join: { integration: { integrationUri: x } }'),
    '6:11: routes.join.integration.integrationType: missing; allowed: AWS_PROXY, AWS, HTTP_PROXY, HTTP, MOCK, GROUP',
  ],
  [
    'an integration that is neither a name nor a map',
    api('routes:\n  join: { integration: 5 }'),
    '6:24: routes.join.integration: found 5 (a number); allowed: the name of an integration, or a map',
  ],
  [
    'an HTTP integration without a URL and a method',
    api('integrations:\n  a: { integrationType: HTTP }\nroutes: {}'),
    `6:3: integrations.a.integrationUri: missing; allowed: ${url}`,
    `6:3: integrations.a.integrationMethod: missing; allowed: ${methods}`,
  ],
  [
    'a method that HTTP backends do not get',
    api(
      'integrations:\n  a: { integrationType: HTTP, integrationMethod: post, integrationUri: "http://x" }\nroutes: {}',
    ),
    `6:50: integrations.a.integrationMethod: found "post"; allowed: ${methods}. Did you mean "POST"?`,
  ],
  [
    'a method of API Gateway that no request has',
    api(
      'integrations:\n  a: { integrationType: HTTP_PROXY, integrationMethod: ANY, integrationUri: "http://x" }\nroutes: {}',
    ),
    `6:56: integrations.a.integrationMethod: found "ANY"; allowed: ${methods}`,
  ],
  [
    'a URL of another scheme',
    api(
      'integrations:\n  a: { integrationType: HTTP_PROXY, integrationMethod: POST, integrationUri: "ftp://x" }\nroutes: {}',
    ),
    `6:78: integrations.a.integrationUri: found "ftp://x"; allowed: ${url}`,
  ],
  [
    'a URL that is none, without the password in it',
    api(
      'integrations:\n  a: { integrationType: HTTP_PROXY, integrationMethod: POST, integrationUri: "http://me:hunter2@a b/" }\nroutes: {}',
    ),
    '6:78: integrations.a.integrationUri: found "http://…@a b/"; allowed: an absolute http:// or https:// URL (in stage dev)',
  ],
  [
    'a URL with a password that is not escaped, without the password',
    api(
      'integrations:\n  a: { integrationType: HTTP_PROXY, integrationMethod: POST, integrationUri: "http://me:hun/ter2@a/" }\nroutes: {}',
    ),
    '6:78: integrations.a.integrationUri: found "http://…@a/"; allowed: an absolute http:// or https:// URL (in stage dev)',
  ],
  [
    'a timeout beyond the one of AWS',
    api('integrations:\n  a: { integrationType: MOCK, timeoutInMillis: 30000 }\nroutes: {}'),
    '6:48: integrations.a.timeoutInMillis: found 30000 (a number); allowed: a whole number from 50 to 29000',
  ],
  [
    'members of integrations that are not supported, with the reason',
    api(
      'integrations:\n  a:\n    integrationType: MOCK\n    credentialsArn: arn:aws:iam::1:role/x\n    tlsConfig: {}\n    connectionType: VPC_LINK\n    payloadFormatVersion: 2.0\nroutes: {}',
    ),
    '8:5: integrations.a.credentialsArn: not supported: there are no IAM roles here; Lambda calls are signed with the AWS_* credentials of the environment',
    '9:5: integrations.a.tlsConfig: not supported: AWS has it for HTTP APIs only; certificates are checked against the host of integrationUri',
    '10:21: integrations.a.connectionType: found "VPC_LINK"; allowed: INTERNET (VPC links are AWS networking; use an http:// URL)',
    '11:27: integrations.a.payloadFormatVersion: found 2 (a number); allowed: 1.0 (in quotes), as AWS has it for WebSocket APIs',
  ],
  [
    'templates of a proxy and a backend of a MOCK, with the reason',
    api(
      'integrations:\n  a: { integrationType: AWS_PROXY, integrationUri: f, requestTemplates: {} }\n  b: { integrationType: MOCK, integrationUri: x }\nroutes: {}',
    ),
    '6:55: integrations.a.requestTemplates: not supported: a proxy passes messages on as they are; integrationType HTTP or AWS has templates',
    '7:31: integrations.b.integrationUri: not supported: a MOCK has no backend',
  ],
  [
    'integration responses by keys that are no regular expressions',
    api(
      'integrations:\n  a:\n    integrationType: MOCK\n    integrationResponses:\n      200: {}\n      /(2/: {}\n      /2\\d\\d/: {}\n      /(?s)a.*/: {}\n      $default: {}\nroutes: {}',
    ),
    '9:7: integrations.a.integrationResponses.200: not a valid name; allowed: $default or a regular expression between slashes, such as /2\\d\\d/',
    '10:7: integrations.a.integrationResponses["/(2/"]: not a valid name; allowed: $default or a regular expression between slashes, such as /2\\d\\d/ (regular expression: unclosed group near index 2)',
  ],
  [
    'a mapping target that there is not, and one without a source, but not its secret',
    api(
      'integrations:\n  a:\n    integrationType: HTTP_PROXY\n    integrationMethod: POST\n    integrationUri: http://x\n    requestParameters:\n      integration.request.cookie.a: "\'b\'"\n      integration.request.header.Authorization: 12345\nroutes: {}',
    ),
    '11:7: integrations.a.requestParameters["integration.request.cookie.a"]: not a valid name; allowed: integration.request.header.<name>, integration.request.querystring.<name> or integration.request.path.<name>',
    '12:49: integrations.a.requestParameters["integration.request.header.Authorization"]: found a number; allowed: a source: route.request.…, context.…, stageVariables.… or a literal in single quotes, as in "\'text\'"',
  ],
  [
    'a stage variable that a stage has not, once for that stage',
    'apiId: chat\nprotocolType: WEBSOCKET\nrouteSelectionExpression: x\nroutes: { a: { integration: { integrationType: HTTP, integrationMethod: GET, integrationUri: "http://${stageVariables.host}/" } } }\nstages: { dev: { stageVariables: { hots: x } }, prod: { stageVariables: { host: y } } }\n',
    '4:94: routes.a.integration.integrationUri: stage dev has no stage variable "host", and there is no such URL or function without it; allowed: hots. Did you mean "hots"?',
  ],
  [
    'a URL that is none with the variables of one stage',
    'apiId: chat\nprotocolType: WEBSOCKET\nrouteSelectionExpression: x\nroutes: { a: { integration: { integrationType: HTTP, integrationMethod: GET, integrationUri: "${stageVariables.url}" } } }\nstages: { dev: { stageVariables: { url: "//x" } }, prod: { stageVariables: { url: "http://y" } } }\n',
    '4:94: routes.a.integration.integrationUri: found "//x"; allowed: an absolute http:// or https:// URL (in stage dev)',
  ],
  [
    'URLs without a host that a connection could be made to, with their stage',
    api(
      'integrations:\n  a: { integrationType: HTTP, integrationMethod: GET, integrationUri: "http://{host}/" }\n  b: { integrationType: HTTP, integrationMethod: GET, integrationUri: "http:/x" }\nroutes: {}',
    ),
    '6:71: integrations.a.integrationUri: found "http://{host}/"; allowed: an absolute http:// or https:// URL (in stage dev)',
    `7:71: integrations.b.integrationUri: found "http:/x"; allowed: ${url}`,
  ],
  [
    'a placeholder of another kind in a URL',
    api(
      'routes: { a: { integration: { integrationType: HTTP, integrationMethod: GET, integrationUri: "http://x/${context.stage}" } } }',
    ),
    '5:94: routes.a.integration.integrationUri: found "${context.stage}"; allowed: ${stageVariables.<name>}',
  ],
  [
    'a function that is not there',
    api(
      'functions: { join: { handler: handlers.join } }\nroutes:\n  a: { integration: { integrationType: AWS_PROXY, integrationUri: "function:jion" } }',
    ),
    '7:67: routes.a.integration.integrationUri: "jion" is not under functions; allowed: join. Did you mean "join"?',
  ],
  [
    'functions without a handler, outside of the folder, and with numbers in their environment',
    api(
      'functions:\n  a: { timeoutInMillis: 0 }\n  b: { handler: ../x.y }\n  c: { handler: h.c, environment: { PASSWORD: 12345 } }\nroutes: {}',
    ),
    '6:3: functions.a.handler: missing; allowed: <file>.<export>, such as handlers.join; the file lies in the folder of api.yaml',
    '6:25: functions.a.timeoutInMillis: found 0 (a number); allowed: a whole number from 1 to 900000',
    '7:17: functions.b.handler: found "../x.y"; allowed: <file>.<export>, such as handlers.join; the file lies in the folder of api.yaml',
    '8:47: functions.c.environment.PASSWORD: found a number; allowed: a string (numbers and true/false in quotes)',
  ],
  [
    'request parameters of a route that has no request',
    api(
      'routes:\n  join: { requestParameters: { route.request.header.X: { required: true } } }\n  $connect: { requestParameters: { route.request.cookie.X: { required: true }, route.request.header.Y: {} } }',
    ),
    '6:11: routes.join.requestParameters: only $connect has headers and a query string to ask for',
    '7:36: routes.$connect.requestParameters["route.request.cookie.X"]: not a valid name; allowed: route.request.header.<name> or route.request.querystring.<name>',
    '7:80: routes.$connect.requestParameters["route.request.header.Y"].required: missing; allowed: true or false',
  ],
  [
    'stages that break the quotas of AWS',
    `apiId: chat
protocolType: WEBSOCKET
routeSelectionExpression: x
routes: { join: {} }
stages:
  "a b": {}
  dev:
    stageVariables: { port: 8080, bad: "a b", "x-y": z }
    accessLogSettings: { format: $context.routeKey }
    defaultRouteSettings: { throttlingRateLimit: -1, loggingLevel: INFO }
    routeSettings: { jion: {} }
`,
    '6:3: stages["a b"]: not a valid name; allowed: a name of 1 to 128 letters, digits, - and _',
    '8:29: stages.dev.stageVariables.port: found 8080 (a number); allowed: a string of at most 512 characters from A-Z a-z 0-9 - . _ ~ : / ? # & = , (numbers in quotes)',
    '8:40: stages.dev.stageVariables.bad: found "a b"; allowed: a string of at most 512 characters from A-Z a-z 0-9 - . _ ~ : / ? # & = , (numbers in quotes)',
    '8:47: stages.dev.stageVariables.x-y: not a valid name; allowed: a name of 1 to 64 letters, digits and _',
    '9:34: stages.dev.accessLogSettings.format: found "$context.routeKey"; allowed: a string that contains $context.requestId',
    '10:50: stages.dev.defaultRouteSettings.throttlingRateLimit: found -1 (a number); allowed: a number of 0 or more',
    "10:54: stages.dev.defaultRouteSettings.loggingLevel: not supported: the gateway's logLevel is a setting",
    '11:22: stages.dev.routeSettings.jion: "jion" is not under routes; allowed: join. Did you mean "join"?',
  ],
  [
    'throttles that are half of one, limit nothing, or are none',
    `apiId: chat
protocolType: WEBSOCKET
routeSelectionExpression: $request.body.action
routes: { join: {} }
stages:
  dev:
    newConnectionThrottle: { rateLimit: 5 }
    connectionThrottle: {}
  prod:
    connectionThrottle: { messages: { rateLimit: fast, burstLimit: 1.5 }, frames: {} }
`,
    '7:5: stages.dev.newConnectionThrottle.burstLimit: missing; allowed: a whole number from 0 to 1000000000',
    '8:25: stages.dev.connectionThrottle: found an empty map; allowed: messages, bytes or both',
    '10:50: stages.prod.connectionThrottle.messages.rateLimit: found "fast"; allowed: a number of 0 or more',
    '10:68: stages.prod.connectionThrottle.messages.burstLimit: found 1.5 (a number); allowed: a whole number from 0 to 1000000000',
    '10:75: stages.prod.connectionThrottle.frames: unknown member; allowed: messages, bytes',
  ],
  [
    'a GROUP, and what a connection begins with, where they can not be',
    api(`integrations:
  in: { integrationType: GROUP, groupAction: JOIN, groupName: attic }
  all: { integrationType: GROUP, groupAction: SEND, groupName: '', groupNamePattern: '(', integrationUri: http://x }
  bye: { integrationType: GROUP, groupAction: SHOUT, groupName: attic }
routes:
  $connect:
    integration: in
    connection: { attributes: { a.b: "'x'", plan: 7 } }
    groups: [attic, { groupName: x, pattern: y }]
  $disconnect: { integration: { integrationType: GROUP, groupAction: SEND, groupName: attic } }
  say: { groups: [attic], connection: { userId: "'ada'" } }
`),
    '7:64: integrations.all.groupName: found ""; allowed: the name of a group, in which ${request.body.<path>} and the like may stand',
    '7:86: integrations.all.groupNamePattern: found "("; allowed: a regular expression (regular expression: unclosed group near index 1)',
    '7:91: integrations.all.integrationUri: not supported: a GROUP has no backend',
    '8:47: integrations.bye.groupAction: found "SHOUT"; allowed: JOIN, LEAVE, SEND, COUNT',
    '11:5: routes.$connect.integration: groupAction JOIN: the connection is not open yet; groups on the route says which it joins',
    '12:33: routes.$connect.connection.attributes["a.b"]: not a valid name; allowed: a name of a letter and up to 63 letters, digits, - and _',
    `12:51: routes.$connect.connection.attributes.plan: found 7 (a number); allowed: a source: integration.response.…, route.request.…, context.…, stageVariables.… or a literal in single quotes, as in "'text'"`,
    '13:37: routes.$connect.groups[1].pattern: unknown member; allowed: groupName, groupNamePattern',
    '14:18: routes.$disconnect.integration: groupAction SEND needs requestTemplates here: $disconnect brings no message that could be sent',
    '15:10: routes.say.groups: only $connect says what a connection begins with',
    '15:27: routes.say.connection: only $connect says what a connection begins with',
  ],
  [
    'the same key twice, and the faults of the rest',
    api('routes: {}\napiId: Again'),
    '6:1: apiId stands in this map twice; line 1 has it already',
    '6:8: apiId: found "Again"; allowed: 1 to 63 characters of a-z, 0-9 and -, starting with a letter or digit',
  ],
  [
    'the same route twice, with the line of the other',
    api('routes:\n  join: {}\n  leave: {}\n  "join": {}'),
    '8:3: "join" stands in this map twice; line 6 has it already',
  ],
  ['a tab that indents', api('routes:\n\tjoin: {}'), '6:1: not valid YAML: a tab indents this line; allowed: spaces'],
  ...[
    'integrationUri: function: x }',
    'integrationUri:   function:  x }',
    'integrationUri: function: x, payloadFormatVersion: "1.0" }',
  ].map((written): [string, string, ...string[]] => [
    `a space within a function's name, as ${written}`,
    api(`functions: {}\nroutes:\n  join: { integration: { integrationType: AWS_PROXY, ${written} }`),
    `7:${54 + written.indexOf('function')}: not valid YAML: a colon and a space inside of a value make a map of it; allowed: the value in quotes, or without the space. Did you mean "function:x"?`,
  ]),
  [
    'a space within the name of a function on a line of its own',
    api('functions: {}\nroutes:\n  join:\n    integration:\n      integrationUri: function: x\n'),
    '9:23: not valid YAML: a colon and a space inside of a value make a map of it; allowed: the value in quotes, or without the space. Did you mean "function:x"?',
  ],
  [
    'a function that is a map',
    api(
      'functions: { x: { handler: h.x } }\nroutes:\n  join: { integration: { integrationType: AWS_PROXY, integrationUri: { function: x } } }',
    ),
    expect.stringMatching(/^chat\/api\.yaml:7:70: .*integrationUri: found a map; .*\. Did you mean "function:x"\?$/),
  ],
  [
    'a function with a space in quotes',
    api(
      'functions: { x: { handler: h.x } }\nroutes:\n  join: { integration: { integrationType: AWS_PROXY, integrationUri: "function: x" } }',
    ),
    expect.stringMatching(
      /^chat\/api\.yaml:7:70: .*integrationUri: found "function: x"; .*\. Did you mean "function:x"\?$/,
    ),
  ],
  [
    'a name that is near none of very many',
    api(
      `integrations: { ${Array.from({ length: 30 }, (_, i) => `backend-${i}: { integrationType: MOCK }`).join(', ')} }\nroutes: { join: { integration: other } }`,
    ),
    expect.stringMatching(/: "other" is not under integrations; allowed: backend-0, .*, backend-19 and 10 more$/),
  ],
  [
    'a name that is near one of very many',
    api(
      `integrations: { ${Array.from({ length: 30 }, (_, i) => `backend-${i}: { integrationType: MOCK }`).join(', ')} }\nroutes: { join: { integration: bakend-7 } }`,
    ),
    '6:32: routes.join.integration: "bakend-7" is not under integrations. Did you mean "backend-7"?',
  ],
  [
    'text that is not YAML',
    'apiId: [chat\nroutes: {}\n',
    '2:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  ['a tag that YAML does not know', api('routes: {}\nname: !Ref Chat'), '6:7: not valid YAML: Unresolved tag: !Ref'],
  ['an alias of nothing', api('routes: *routes'), '5:9: *routes stands for nothing: no &routes before it'],
  ['an empty file', '', '1:1: found nothing; allowed: a map'],
  ['a text alone', 'apiId', '1:1: found "apiId"; allowed: a map'],
]

describe('a definition with', () => {
  test.each(cases)('%s is reported with its place', async (_, yaml, ...faults) => {
    const reported = await faultsOf(yaml)
    expect(reported).toEqual(faults.map((fault) => (typeof fault === 'string' ? `chat/api.yaml:${fault}` : fault)))
  })
})

test('every fault of a file is reported at once', async () => {
  const reported = await faultsOf(`apiId: Chat
routeSelectionExpresion: x
integrations:
  a: { integrationType: HTTP, integrationUri: nowhere }
routes:
  join: { integration: b, routeResponse: 1 }
stages:
  dev: { stageVariables: { a: 1 } }
`)
  expect(reported.map((line) => line.split(': ').slice(0, 2).join(' '))).toEqual([
    'chat/api.yaml:1:1 protocolType',
    'chat/api.yaml:1:1 routeSelectionExpression',
    'chat/api.yaml:1:8 apiId',
    'chat/api.yaml:2:1 routeSelectionExpresion',
    'chat/api.yaml:4:3 integrations.a.integrationMethod',
    'chat/api.yaml:4:47 integrations.a.integrationUri',
    'chat/api.yaml:6:24 routes.join.integration',
    'chat/api.yaml:6:42 routes.join.routeResponse',
    'chat/api.yaml:8:31 stages.dev.stageVariables.a',
  ])
})

test('keys of integration responses that are no regular expression are faults, each in its place', async () => {
  const keys = ['2xx', 'x', '/[/', '/(/', '/(?d)a/', '/a\\X/', '/(?x)a/', '/a(?>b)*+\\p{Lu}\\Q.\\E/']
  const reported = await faultsOf(
    api(
      `integrations:\n  a:\n    integrationType: MOCK\n    integrationResponses:\n${keys.map((key) => `      ${key}: {}`).join('\n')}\nroutes: {}`,
    ),
  )
  expect(reported.map((line) => line.split(': ').slice(0, 3).join(' '))).toEqual([
    'chat/api.yaml:9:7 integrations.a.integrationResponses.2xx not a valid name; allowed',
    'chat/api.yaml:10:7 integrations.a.integrationResponses.x not a valid name; allowed',
    'chat/api.yaml:11:7 integrations.a.integrationResponses["/[/"] not a valid name; allowed',
    'chat/api.yaml:12:7 integrations.a.integrationResponses["/(/"] not a valid name; allowed',
    'chat/api.yaml:13:7 integrations.a.integrationResponses["/(?d)a/"] not a valid name; allowed',
    'chat/api.yaml:14:7 integrations.a.integrationResponses["/a\\\\X/"] not a valid name; allowed',
  ])
})

describe('a stage variable that a stage has not', () => {
  /** The faults and warnings for a URI in a definition whose stage dev has all variables, and stage prod none. */
  async function judged(uri: string) {
    const type = uri.startsWith('function') ? 'AWS_PROXY' : 'HTTP_PROXY, integrationMethod: POST'
    const dir = join(root, String(++folders))
    mkdirSync(dir, { recursive: true })
    writeFileSync(
      join(dir, 'api.yaml'),
      `apiId: chat
protocolType: WEBSOCKET
routeSelectionExpression: x
functions: { join: { handler: h.j }, join1: { handler: h.j } }
routes: { a: { integration: { integrationType: ${type}, integrationUri: "${uri}" } } }
stages: { dev: { stageVariables: { n: 1, host: backend, url: http://backend, name: join } }, prod: {} }
`.replace('n: 1', 'n: "1"'),
    )
    const { api: read, faults } = await readApi(join(dir, 'api.yaml'))
    const texts = (list: readonly { message: string }[] = []) => list.map(({ message }) => message.split(';')[0])
    return {
      faults: texts(faults),
      warnings: texts(read?.warnings),
      stages: Object.keys(read?.definition?.stages ?? {}),
    }
  }

  test.each([
    ['http://backend/${stageVariables.n}/rooms', 'n'],
    ['http://backend:${stageVariables.n}/', 'n'],
    ['http://a${stageVariables.n}.example/?q=${stageVariables.n}', 'n'],
    ['function:join${stageVariables.n}', 'n'],
  ])('is empty there, which is a warning: %s', async (uri, name) => {
    const warnings = [`stage prod has no stage variable "${name}": it is empty there`]
    expect(await judged(uri)).toEqual({ faults: [], warnings, stages: ['dev', 'prod'] })
  })

  test.each([
    ['http://${stageVariables.host}/rooms', 'host'],
    ['http://${stageVariables.host}:3000/', 'host'],
    ['http://${stageVariables.host}.example/', 'host'],
    ['http://a.${stageVariables.host}.example/', 'host'],
    ['${stageVariables.url}', 'url'],
    ['${stageVariables.url}/rooms', 'url'],
    ['function:${stageVariables.name}', 'name'],
  ])('is a fault that names stage and variable where nothing can be called without it: %s', async (uri, name) => {
    const problem = `stage prod has no stage variable "${name}", and there is no such URL or function without it`
    expect(await judged(uri)).toMatchObject({ faults: [problem], warnings: [] })
  })

  test('each that is missing has a warning of its own', async () => {
    expect((await judged('http://backend/${stageVariables.host}/${stageVariables.n}')).warnings).toHaveLength(2)
  })
})

describe('hostile files', () => {
  test('nesting deeper than the stack is a fault', async () => {
    expect(await faultsOf('['.repeat(100_000))).toEqual(['chat/api.yaml: nested too deeply'])
  })

  test('aliases that multiply without end are a fault', async () => {
    const levels = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`)
    expect(await faultsOf(`a0: &a0 x\n${levels.join('\n')}\n`)).toEqual(['chat/api.yaml: too many aliases (*name)'])
  })

  test('an alias inside of its own anchor is a fault', async () => {
    expect(await faultsOf(api('routes: &r { a: { integration: *r } }'))).toEqual(['chat/api.yaml: nested too deeply'])
  })

  test('a file that is too large is not read', async () => {
    expect(await faultsOf(' '.repeat(4_194_305))).toEqual([
      'chat/api.yaml: found 4194305 bytes; allowed: at most 4194304 bytes',
    ])
  })

  test('bytes that are no text are a fault', async () => {
    expect(await faultsOf(Uint8Array.of(0x61, 0xff, 0xfe))).toEqual(['chat/api.yaml: not UTF-8 text'])
  })

  test('a fault never quotes the line that a secret stands on', async () => {
    const reported = await faultsOf('functions:\n  a: { environment: { TOKEN: "hunter2 }\n')
    expect(reported).not.toEqual([])
    expect(reported.join('\n')).not.toContain('hunter2')
  })
})

test('a throttle whose burst lets nothing pass although it has a rate is a warning', async () => {
  const dir = join(root, String(++folders))
  mkdirSync(join(dir, 'chat'), { recursive: true })
  const stage = `
    defaultRouteSettings: { throttlingRateLimit: 0, throttlingBurstLimit: 0 }
    routeSettings: { join: { throttlingBurstLimit: 0 } }
    connectionThrottle: { bytes: { rateLimit: 5, burstLimit: 0 } }`
  writeFileSync(join(dir, 'chat/api.yaml'), api('routes: { join: {} }').replace('{ dev: {} }', `\n  dev:${stage}`))
  const { api: read, faults } = await readApi(join(dir, 'chat/api.yaml'))
  const message = 'a burst of 0 lets nothing pass, whatever the rate'
  expect([faults, read?.warnings.map(({ path, message: text }) => [path, text])]).toEqual([
    [],
    [
      ['stages.dev.routeSettings.join.throttlingBurstLimit', expect.stringContaining(message)],
      ['stages.dev.connectionThrottle.bytes.burstLimit', expect.stringContaining(message)],
    ],
  ])
})
