import { compilePart } from 'postern-documents/regex/regex'
import { flag, noEntries, oneOf, prose, record, text, wholeNumber } from 'postern-documents/schema-parts'
import { z } from 'zod'
import type { Distribution } from './distribution.ts'
import { parseDuration } from './duration.ts'
import { parseThreshold, thresholdForm } from './threshold.ts'

/** A client holds no more sockets than this; a larger number is a slip. */
const maxConnections = 1_000_000
const maxRate = 10_000_000
const maxTemplate = 1_000_000

const durationText = 'a duration such as 500ms, 10s, 5m, 1h'

function duration() {
  return text(durationText, { max: 20 })
    .refine((given) => parseDuration(given) !== null, { error: durationText })
    .transform((given) => parseDuration(given) as number)
}

const distribution = z
  .union([
    duration().transform((value): Distribution => ({ kind: 'constant', value })),
    z.strictObject({ uniform: z.tuple([duration(), duration()], { error: 'two durations: [500ms, 2s]' }) }).transform(
      ({ uniform: [min, max] }): Distribution => ({
        kind: 'uniform',
        min: Math.min(min, max),
        max: Math.max(min, max),
      }),
    ),
    z
      .strictObject({ exponential: duration() })
      .transform(({ exponential }): Distribution => ({ kind: 'exponential', mean: exponential })),
  ])
  .describe('A duration, { uniform: [500ms, 2s] } or { exponential: 1s }.')

function rate() {
  const error = `a number a second, above 0 and at most ${maxRate}`
  return z.number({ error }).gt(0, { error }).max(maxRate, { error })
}

function share() {
  const error = 'a share from 0 to 1'
  return z.number({ error }).min(0, { error }).max(1, { error })
}

const template = (what: string) => text(what, { min: 0, max: maxTemplate })

function webSocketUrl() {
  const allowed = 'a URL with ws:// or wss://, such as ws://127.0.0.1:8080/chat/dev'
  return template(allowed).regex(/^wss?:\/\//, { error: allowed })
}

function httpUrl() {
  const allowed = 'a URL with http:// or https://, such as http://127.0.0.1:8080/chat/dev'
  return template(allowed).regex(/^https?:\/\//, { error: allowed })
}

function oneOrMore<Item extends z.ZodType>(item: Item) {
  return z.union([
    item.transform((each) => [each] as [z.output<Item>]),
    z.array(item).min(1, { error: 'at least one' }).max(1_000, { error: 'at most 1000' }),
  ])
}

const headers = record(
  text('a header name', { max: 128, pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/ }),
  text('a string; templates are filled in', { min: 0, max: 16_384, pattern: /^[^\r\n]*$/ }),
  100,
).default(noEntries)

const jsonPath = text('a JSONPath such as $.type', { max: 1_000, pattern: /^\$/ })
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'a string, a number, true, false or null',
})

const checkSchema = z.union([
  scalar,
  z.strictObject({ exists: flag() }),
  z.strictObject({
    matches: text('a regular expression of Java', { max: 1_000 }).superRefine(checkPattern),
  }),
])

function checkPattern(source: string, context: z.RefinementCtx): void {
  try {
    compilePart(source)
  } catch (error) {
    context.addIssue({ code: 'custom', message: `a regular expression of Java (${(error as Error).message})` })
  }
}

const replySchema = z
  .strictObject({
    correlate: z
      .union([
        oneOf(['order', 'stamp'], ', or a JSONPath such as $.requestId'),
        jsonPath,
        z.strictObject({ message: jsonPath, reply: jsonPath }),
      ])
      .default('order')
      .describe(
        'How a reply finds its message: order (the oldest message without a reply: for targets that answer everything), stamp (the reply repeats the ' +
          "message's {{stamp}}), or a JSONPath whose value both have; { message, reply } where the paths differ.",
      ),
    where: record(jsonPath, scalar, 20)
      .default(noEntries)
      .describe('Only frames with these values are replies: { $.type: said }.'),
    check: record(jsonPath, checkSchema, 50)
      .default(noEntries)
      .describe('What has to hold for a reply: { $.type: said, $.id: { exists: true }, $.at: { matches: ^2 } }.'),
    timeout: duration()
      .prefault('10s')
      .describe('A reply that comes later is an error, and counts as one that never came.'),
  })
  .describe('What the target answers to a message.')

const sendSchema = z
  .union([template('text or a map'), z.record(z.string(), z.unknown()), z.array(z.unknown())], {
    error: 'text, or a map or list that becomes JSON; templates in it are filled in',
  })
  .describe('Text, or a map or list that becomes JSON. Templates in it are filled in.')

const stepSchema = z
  .strictObject({
    send: sendSchema.optional().describe('What is sent; without it the step only waits.'),
    reply: z
      .union([flag(), replySchema.omit({ correlate: true })])
      .default(false)
      .describe('Whether the step waits for a frame, and for which.'),
    save: record(text('a name of letters, digits and _', { max: 64, pattern: /^[A-Za-z_]\w*$/ }), jsonPath, 50)
      .default(noEntries)
      .describe('Values of the reply that become variables of the client: { connectionId: $.connectionId }.'),
  })
  .describe('One thing that a client does when its WebSocket has opened, before anything else.')

const fanOutSchema = z
  .strictObject({
    self: flag().default(true).describe('Whether the sender gets its own message too.'),
  })
  .describe("Every message reaches all clients of the sender's group; it has to carry a {{stamp}}.")

const messageSchema = z
  .strictObject({
    name: text('a name of 1 to 64 characters', { max: 64 }).optional().describe('How reports call it.'),
    send: sendSchema,
    rate: rate().optional().describe('Messages a second of all clients together, in turn, on a fixed schedule.'),
    every: distribution.optional().describe('How often each client sends, on a schedule that replies do not move.'),
    think: distribution
      .optional()
      .describe(
        'How long each client waits after the reply (or after sending, where there is none) for its next message.',
      ),
    inFlight: wholeNumber(1, 10_000)
      .optional()
      .describe(
        'How many messages of a client may wait for their replies; what is due meanwhile waits, and its latency with it. Default: 1 with think, else 1000.',
      ),
    reply: z.union([flag(), replySchema]).default(false).describe('Whether each message gets a reply, and which.'),
    fanOut: z.union([flag(), fanOutSchema]).default(false).describe('Whether each message goes to the whole group.'),
  })
  .describe('What clients send: exactly one of rate, every and think says when.')

const pushesSchema = z
  .strictObject({
    urls: oneOrMore(httpUrl())
      .optional()
      .describe("Base URLs that @connections is under, in turn. Default: the client's own target, as http or https."),
    group: template('the name of a group')
      .optional()
      .describe(
        'The group that is posted to (@groups) in place of connections, such as board-{{group}}: each POST has to reach all clients of a group, and counts as fan-out. A group is posted to by one at a time.',
      ),
    body: template('text')
      .default('{"push":"{{stamp}}"}')
      .describe('What is posted; it has to carry a {{stamp}}, which says which push a frame is.'),
    rate: rate().optional().describe('POSTs a second of all posters together. Default: as fast as answers come.'),
    concurrency: wholeNumber(1, 100_000)
      .default(10)
      .describe(
        'How many POSTs may be under way; a client is posted to by one at a time, so that its frames have an order.',
      ),
    headers: headers.describe('Headers of the POSTs; templates are filled in.'),
    contentType: text('a media type', { max: 256, pattern: /^[^\r\n]+$/ }).default('application/json'),
    expect: z.array(wholeNumber(100, 599)).min(1).default([200]).describe('Statuses that are no error.'),
    timeout: duration().prefault('10s').describe('How long an answer may take.'),
  })
  .describe('POSTs to @connections of the clients, whose connectionId a step of onOpen saves, or to groups.')

const restSchema = z
  .strictObject({
    name: text('a name of 1 to 64 characters', { max: 64 }).optional().describe('How reports call it.'),
    url: httpUrl(),
    method: oneOf(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']).default('GET'),
    headers: headers.describe('Headers of the requests.'),
    body: template('text').optional(),
    rate: wholeNumber(1, 1_000_000).optional().describe('Requests a second. Default: as fast as answers come.'),
    connections: wholeNumber(1, 10_000).default(10).describe('HTTP connections; each has one request under way.'),
    expect: z.array(wholeNumber(100, 599)).min(1).default([200, 201, 202, 204]).describe('Statuses that are no error.'),
    timeout: duration().prefault('10s').describe('How long an answer may take.'),
  })
  .describe('HTTP requests beside the WebSockets, sent by autocannon.')

const phaseParts = {
  name: text('a name of 1 to 64 characters', { max: 64 }).optional().describe('How reports call it.'),
  measured: flag().default(true).describe('Whether latencies and rates of this phase count in the final figures.'),
}
const traffic = flag().default(true).describe('Whether messages, pushes and REST requests go on.')

const phaseSchema = z.discriminatedUnion(
  'phase',
  [
    z
      .strictObject({
        phase: z.literal('ramp').describe('Opens (or closes) connections evenly until there are so many.'),
        connections: wholeNumber(0, maxConnections),
        duration: duration().optional().describe('How long it takes; or say how fast:'),
        rate: rate().optional().describe('Connections a second.'),
        traffic,
        ...phaseParts,
      })
      .describe('Exactly one of duration and rate.'),
    z.strictObject({
      phase: z.literal('hold').describe('Keeps the connections that there are.'),
      duration: duration(),
      traffic,
      ...phaseParts,
    }),
    z.strictObject({
      phase: z.literal('spike').describe('Opens connections at once, keeps them, and closes as many at its end.'),
      connections: wholeNumber(1, maxConnections).describe('How many there are then, those from before included.'),
      duration: duration(),
      traffic,
      ...phaseParts,
    }),
    z.strictObject({
      phase: z.literal('drain').describe('Stops all traffic and closes all connections evenly.'),
      duration: duration(),
      ...phaseParts,
    }),
  ],
  { error: 'ramp, hold, spike, drain' },
)

const connectionSchema = z.strictObject({
  headers: headers.describe('Headers of the handshake; templates are filled in.'),
  subprotocols: z
    .array(text('a subprotocol', { max: 256, pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/ }))
    .max(20)
    .default([]),
  timeout: duration().prefault('30s').describe('How long a handshake may take.'),
  opening: wholeNumber(1, 100_000).default(1_000).describe('How many handshakes may be under way at a time.'),
  reconnect: distribution
    .optional()
    .describe('Connects again so long after a connection was lost or refused. Default: never.'),
  lifetime: distribution.optional().describe('Closes a connection after so long and opens another in its place.'),
  close: oneOf(['normal', 'reset'])
    .default('normal')
    .describe('How clients leave: with a close frame (1000), or with a TCP reset as if they vanished.'),
  sourceAddresses: z
    .array(text('an IP address of this machine', { max: 64, pattern: /^[0-9a-fA-F.:]+$/ }))
    .max(1_000)
    .default([])
    .describe('Addresses that connections come from, in turn: one has ports for about 28,000 to the same target.'),
  tls: z
    .strictObject({
      verify: flag().default(true).describe('Whether the certificate has to be trusted.'),
      ca: text('a file name', { max: 4_096 }).optional().describe('File with certificates (PEM) that are trusted too.'),
    })
    .prefault({}),
  slow: z
    .strictObject({
      share: share().describe('How many of the clients, spread evenly.'),
      bytesPerSecond: wholeNumber(1, 1_000_000_000).describe('How fast they read, on average; 1 is next to nothing.'),
    })
    .optional()
    .describe(
      'Clients that read slowly. When they leave they read what is left, so that nothing of it counts as lost.',
    ),
})

const groupsSchema = z.union(
  [
    z.strictObject({ size: wholeNumber(1, maxConnections).describe('Clients of a group.') }),
    z.strictObject({ count: wholeNumber(1, maxConnections).describe('Groups, filled in turn.') }),
  ],
  { error: '{ size: 10 } or { count: 5 }' },
)

const limitsSchema = z.strictObject({
  duration: duration().prefault('10m').describe('All phases together; a longer scenario is refused.'),
  connections: wholeNumber(1, maxConnections).default(20_000).describe('A scenario that wants more is refused.'),
  messages: wholeNumber(1, Number.MAX_SAFE_INTEGER)
    .default(50_000_000)
    .describe('Messages, POSTs and REST requests; the run ends when so many have been sent.'),
})

/** `load/*.yaml`: one load test. Unknown members are faults. */
export const scenarioSchema = z
  .strictObject({
    name: text('a name of 1 to 64 characters', { max: 64 })
      .optional()
      .describe('How reports call it. Default: the file name.'),
    description: prose().optional().describe('What it shows and what good looks like.'),
    target: oneOrMore(webSocketUrl())
      .optional()
      .describe('URL that clients connect to; several are taken in turn. Templates are filled in.'),
    workers: z
      .union([oneOf(['auto']), wholeNumber(1, 64)], { error: 'auto, or a whole number from 1 to 64' })
      .default('auto')
      .describe('Client processes; auto is one less than the machine has cores.'),
    limits: limitsSchema.prefault({}).describe('Safety: what a run may not exceed.'),
    data: text('the name of a .csv, .jsonl or .ndjson file', { max: 4_096, pattern: /\.(csv|jsonl|ndjson)$/ })
      .optional()
      .describe(
        'A file beside the scenario with a row a client, read as {{data.<column>}}; taken from the start again when it ends.',
      ),
    variables: record(
      text('a name of letters, digits and _', { max: 64, pattern: /^[A-Za-z_]\w*$/ }),
      template('a string; templates are filled in'),
      100,
    )
      .default(noEntries)
      .describe('Made once for each client, in this order, and read as {{vars.<name>}}.'),
    groups: groupsSchema
      .optional()
      .describe("Clients that get the same fan-out; {{group}} is the number of a client's group."),
    connection: connectionSchema.prefault({}).describe('How clients connect.'),
    onOpen: z.array(stepSchema).max(20).default([]).describe('What a client does first; then it counts as ready.'),
    messages: z.array(messageSchema).max(100).default([]).describe('What ready clients send.'),
    pushes: pushesSchema.optional(),
    rest: z.array(restSchema).max(20).default([]).describe('HTTP requests beside the WebSockets.'),
    phases: z
      .array(phaseSchema, { error: 'a list of phases' })
      .min(1, { error: 'at least one phase' })
      .max(100, { error: 'at most 100 phases' })
      .describe('What happens when. After the last one everything is closed.'),
    settle: duration().prefault('5s').describe('How long the end waits for replies and frames that are still to come.'),
    watch: record(text('a name', { max: 64 }), wholeNumber(1, 65_535), 20)
      .default(noEntries)
      .describe(
        'Ports of this machine whose processes are watched, by a name: { redis: 6379 }. Those of the target are anyway.',
      ),
    thresholds: z
      .array(
        text(thresholdForm, { max: 200 }).refine((given) => parseThreshold(given) !== null, { error: thresholdForm }),
      )
      .max(100)
      .default([])
      .describe('What has to hold for exit code 0: reply.p99 < 50 ms, errors < 0.1 %, lost == 0.'),
  })
  .describe('A load test of Postern: postern load <file>.')

export type ScenarioDefinition = z.output<typeof scenarioSchema>
export type MessageDefinition = ScenarioDefinition['messages'][number]
export type PhaseDefinition = ScenarioDefinition['phases'][number]
export type ReplyDefinition = z.output<typeof replySchema>
export type StepDefinition = ScenarioDefinition['onOpen'][number]
export type PushesDefinition = z.output<typeof pushesSchema>
export type RestDefinition = z.output<typeof restSchema>
export type CheckDefinition = z.output<typeof checkSchema>
