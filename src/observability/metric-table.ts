import { type CallbackOperation, callbackOperations } from '../vocabulary/callback-operations.ts'
import { type CloseReasonName, closeReasons } from '../vocabulary/close-reasons.ts'
import { type ErrorCode, errorTable } from '../vocabulary/errors.ts'
import { statusClasses } from '../vocabulary/status-class.ts'
import { type ThrottleCause, throttleCauses } from '../vocabulary/throttle-causes.ts'
import { type UndeliveredReason, undeliveredReasons } from '../vocabulary/undelivered-reasons.ts'

/**
 * The rule for a metric that several workers have: one series with the sum, the largest or the smallest of their
 * values, or a series for each with a label `worker`.
 */
export type MergeRule = 'sum' | 'max' | 'min' | 'worker'

/** A label of a metric. Its values are bounded: they come from definitions or from tables of ours. */
export interface Label<Value extends string = string> {
  /** The sentence of the docs that says what the values are. */
  readonly meaning: string
  /** The closed list of its values; null where they come from definitions or from elsewhere. */
  readonly values: readonly Value[] | null
}

export type RowType = 'counter' | 'gauge' | 'histogram'
export type RowLabels = Readonly<Record<string, Label>>

/** A metric that the gateway may expose; docs/metrics-and-logs.md is made from here. */
export interface MetricRow<Type extends RowType = RowType, Labels extends RowLabels = RowLabels> {
  readonly type: Type
  readonly help: string
  /** The rule by which one `/metrics` tells of several workers (`--workers`). */
  readonly merge: MergeRule
  readonly labels: Labels
  /** Upper bounds in the base unit, rising; only for histograms, and there never empty. */
  readonly buckets: readonly number[]
  /** The metric of AWS's namespace `AWS/ApiGateway` that it answers to, and how. */
  readonly aws: string | null
}

const api = anyOf('Id of the API.')
const stage = anyOf('Name of the stage.')
const route = anyOf('Route key of the definition.')
const errorCodes = Object.keys(errorTable) as ErrorCode[]
const code = oneOf('Code of the table of errors.', errorCodes)
const operations = Object.keys(callbackOperations) as CallbackOperation[]
const direction = oneOf('`in` or `out`.', ['in', 'out'])
/** The buckets of integrations, which end at 29 s, or at 30 with what goes on around them. */
const integrationSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const answerSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
const lagSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/**
 * Every metric of Postern's own by its name. Who counts is checked by the compiler against names, labels and values.
 */
export const metricTable = {
  // --- connections and messages ---
  postern_connections: gauge('Open WebSocket connections of this worker.', { api, stage }),
  postern_connects_total: counter('Handshakes, by how they ended.', {
    api,
    stage,
    outcome: oneOf(
      '`accepted`, `refused` (the backend said no), `failed` (the gateway said no, or the backend could not be asked), `aborted` (the client left before its answer).',
      ['accepted', 'refused', 'failed', 'aborted'],
    ),
  }),
  postern_sockets_refused_total: counter('TCP connections that were closed on arrival.', {
    cause: oneOf('`descriptors`: too few file descriptors are left (`ulimit -n`).', ['descriptors']),
  }),
  postern_messages_total: counter(
    'Messages from clients and to clients: replies, error frames and callbacks.',
    { api, stage, route: anyOf('Route key of the definition; `@connections` for callbacks.'), direction },
    'MessageCount: the sum of both directions (AWS adds one for each CONNECT and DISCONNECT).',
  ),
  postern_errors_total: counter(
    'Failures that the gateway itself answered, to a handshake, a message or a callback.',
    { api, stage, code },
    'ClientError: codes whose status is 4xx. ExecutionError: codes whose status is 5xx.',
  ),
  postern_throttled_total: counter(
    'Requests that a limit refused with 429: handshakes, messages and callbacks, by the limit.',
    {
      api,
      stage,
      cause: oneOf(
        'Name of the table of [limits](limits.md#what-is-refused).',
        Object.keys(throttleCauses) as ThrottleCause[],
      ),
    },
  ),
  postern_refusals_total: counter('Handshakes that were refused, and requests to URLs that are not served, by cause.', {
    code: oneOf('Code of the table of errors, or `BACKEND` where the backend of `$connect` said no.', [
      ...errorCodes,
      'BACKEND',
    ]),
  }),
  postern_undelivered_messages_total: counter(
    'Messages to many that a client did not get because it reads too slowly, by reason.',
    {
      api,
      stage,
      reason: oneOf(
        `${Object.entries(undeliveredReasons)
          .map(([name, meaning]) => `\`${name}\`: ${meaning}`)
          .join('; ')}.`,
        Object.keys(undeliveredReasons) as UndeliveredReason[],
      ),
    },
  ),
  postern_waiting_bytes: gauge(
    'Bytes that wait for clients which read too slowly; `maxWaitingBytes` is the most that may wait in a process.',
    {},
  ),
  postern_closes_total: counter('Connections that ended, by reason.', {
    api,
    stage,
    reason: oneOf('Name of the table of close reasons.', Object.keys(closeReasons) as CloseReasonName[]),
  }),

  // --- integrations and callbacks ---
  postern_integration_duration_seconds: histogram(
    'Time from calling an integration to its whole answer; MOCK is not measured.',
    { api, stage, route },
    integrationSeconds,
    'IntegrationLatency. ConnectCount: `_count` with `route="$connect"`.',
  ),
  postern_integration_errors_total: counter(
    'Calls of an integration that failed, or that it answered with 4xx or 5xx.',
    {
      ...{ api, stage, route },
      code: oneOf('Code of the table of errors, or `4xx` or `5xx` for what the backend answered.', [
        ...errorCodes,
        '4xx',
        '5xx',
      ]),
    },
    'IntegrationError: `4xx` and `5xx`. The other codes are part of ExecutionError.',
  ),
  postern_requests_total: counter(
    'Requests for routes of HTTP APIs that were answered.',
    { api, stage, route, status: oneOf('Class of the status: `1xx`, `2xx`, `3xx`, `4xx` or `5xx`.', statusClasses) },
    'Count, 4xx and 5xx, of HTTP APIs.',
  ),
  postern_request_duration_seconds: histogram(
    'Time from a request for a route of an HTTP API to its answer.',
    { api, stage, route },
    integrationSeconds,
    'Latency, of HTTP APIs.',
  ),
  postern_callbacks_total: counter('Calls of `@connections`, `@groups`, `@users`, `@batch` and `@reports`.', {
    api,
    operation: oneOf('Name of the table of calls.', operations),
    status: anyOf('HTTP status of the answer.'),
  }),

  // --- the registry that workers share (--redis) ---
  postern_registry_up: gauge('1 while Redis, and other workers through it, can be reached, else 0.', {}, 'min'),
  postern_registry_workers: gauge(
    'Workers of the fleet, as seen by the one worker that looks for dead ones; NaN at all others, and while Redis has lost its data and workers may be missing.',
    {
      state: oneOf('`alive`, or `dead`: its lease has run out and its `$disconnect`s are not all run yet.', [
        'alive',
        'dead',
      ]),
    },
    'max',
  ),
  postern_registry_waiting: gauge(
    'Pushes, look-ups and closes that wait for the answer of another worker, and answers not yet sent to one.',
    {},
  ),
  postern_registry_unstored_records: gauge(
    'Connections whose opening or end Redis may not know yet: if this worker died now, that would be missed.',
    {},
  ),
  postern_registry_unstored_groups: gauge(
    'Groups and users with connections here that Redis may not know yet, or no more: messages to many through other workers may miss them.',
    {},
  ),
  postern_registry_answer_seconds: histogram(
    'Time from asking another worker (a push, a look-up, a close, a listing) to its answer, through Redis.',
    {},
    answerSeconds,
  ),
  postern_registry_unanswered_total: counter('Pushes, look-ups and closes that another worker did not answer.', {}),
  postern_registry_envelopes_total: counter('Messages between workers, each with many pushes or answers.', {
    direction,
  }),
  postern_registry_envelopes_refused_total: counter('Messages that came through Redis and were not taken.', {
    reason: oneOf('`size`, `encoding`, `version` (of the wire format) or `schema`.', [
      'size',
      'encoding',
      'version',
      'schema',
    ]),
  }),
  postern_registry_burials_total: counter(
    'Dead workers that this worker has settled: all their `$disconnect`s are run.',
    {},
  ),
  postern_registry_buried_connections_total: counter(
    'Connections of dead workers whose `$disconnect` this worker has run.',
    {},
  ),

  postern_limits_shared: gauge(
    '1 while throttles are shared with the other workers of a fleet, 0 while this one keeps to its part of them.',
    {},
    'min',
  ),

  // --- the workers of one machine (--workers) ---
  postern_workers: gauge('Processes of `--workers`, by what they do; those that drain before they end among them.', {
    state: oneOf(
      '`ready`, `unready` (serves, but can not reach other workers), `starting`, `waiting` (died; is started again in a moment), `draining`, `silent` (does not answer: frozen or blocked).',
      ['ready', 'unready', 'starting', 'waiting', 'draining', 'silent'],
    ),
  }),
  postern_worker_restarts_total: counter('Workers started again because they had died.', {}),

  // --- the process ---
  postern_definition_reloads_total: counter('Definitions read anew.', {
    outcome: oneOf('`applied` or `rejected`.', ['applied', 'rejected']),
  }),
  postern_draining: gauge('1 while the worker drains before it stops, else 0.', {}, 'max'),
  postern_event_loop_lag_seconds: histogram(
    'How late a timer fired, ten samples a second: time in which nothing else could run.',
    {},
    lagSeconds,
  ),
  postern_log_lines_dropped_total: counter('Lines not written because the destination took them too slowly.', {
    log: oneOf('`gateway`: both logs share standard output.', ['gateway']),
  }),
  postern_series_refused_total: counter('Series not kept because the metric has too many already.', {
    metric: anyOf('Name of the metric.'),
  }),
  postern_build_info: gauge('Always 1.', { version: anyOf('Of Postern.'), node: anyOf('Of Node.js.') }, 'max'),
} as const satisfies Readonly<Record<string, MetricRow>>

/** A label whose values the compiler can't know. */
function anyOf(meaning: string): Label {
  return { meaning, values: null }
}

function oneOf<const Value extends string>(meaning: string, values: readonly Value[]): Label<Value> {
  return { meaning, values }
}

function counter<L extends RowLabels>(help: string, labels: L, aws: string | null = null): MetricRow<'counter', L> {
  return { type: 'counter', help, labels, merge: 'sum', buckets: [], aws }
}

function gauge<L extends RowLabels>(help: string, labels: L, merge: MergeRule = 'sum'): MetricRow<'gauge', L> {
  return { type: 'gauge', help, labels, merge, buckets: [], aws: null }
}

function histogram<L extends RowLabels>(
  help: string,
  labels: L,
  buckets: readonly number[],
  aws: string | null = null,
): MetricRow<'histogram', L> {
  return { type: 'histogram', help, labels, merge: 'sum', buckets, aws }
}
