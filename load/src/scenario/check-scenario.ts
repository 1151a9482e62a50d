import type { FaultPath, Finding } from 'postern-documents/faults'
import { compileJsonPath, JsonPathError } from 'postern-documents/json-path'
import { nearestName } from 'postern-documents/nearest-name'
import type { MessageDefinition, ReplyDefinition, ScenarioDefinition } from './definition.ts'
import { formatDuration } from './duration.ts'
import { compileMessage, compileTemplate, type Escape, type Template, TemplateFault } from './template.ts'
import { clientsOf, timelineOf } from './timeline.ts'

export interface CheckContext {
  /** Columns of the data file; null when there is none that could be read. */
  readonly columns: readonly string[] | null
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Checked {
  readonly findings: readonly Finding[]
  /** Environment variables that templates name. */
  readonly env: readonly string[]
}

/** Checks what a schema cannot say: members that need each other, templates, paths, bounds. */
export function checkScenario(scenario: ScenarioDefinition, context: CheckContext): Checked {
  const templates = templatesOf(scenario)
  const findings = [
    ...templates.flatMap(({ findings }) => findings),
    ...checkReferences(scenario, templates, context),
    ...checkPhases(scenario),
    ...checkMessages(scenario, templates),
    ...checkPushes(scenario, templates),
    ...checkPaths(scenario),
  ]
  const env = templates.flatMap(({ template }) => template?.references ?? []).filter(({ family }) => family === 'env')
  return { findings, env: [...new Set(env.map(({ name }) => name))] }
}

interface PlacedTemplate {
  readonly path: FaultPath
  /** The compiled template; null when it can't be compiled. */
  readonly template: Template | null
  readonly findings: readonly Finding[]
}

function templatesOf(scenario: ScenarioDefinition): PlacedTemplate[] {
  const { target = [], variables, connection, onOpen, messages, pushes, rest } = scenario
  const list = (texts: readonly string[], path: FaultPath, style: Escape) =>
    texts.map((text, i) => placed(texts.length === 1 ? path : [...path, i], () => compileTemplate(text, style)))
  const map = (texts: Readonly<Record<string, string>>, path: FaultPath, style: Escape) =>
    Object.entries(texts).map(([name, text]) => placed([...path, name], () => compileTemplate(text, style)))
  return [
    ...list(target, ['target'], 'url'),
    ...map(variables, ['variables'], 'none'),
    ...map(connection.headers, ['connection', 'headers'], 'header'),
    ...onOpen.flatMap(({ send }, i) =>
      send === undefined ? [] : [placed(['onOpen', i, 'send'], () => compileMessage(send))],
    ),
    ...messages.map(({ send }, i) => placed(['messages', i, 'send'], () => compileMessage(send))),
    ...list(pushes?.urls ?? [], ['pushes', 'urls'], 'url'),
    ...map(pushes?.headers ?? {}, ['pushes', 'headers'], 'header'),
    ...(pushes === undefined ? [] : [placed(['pushes', 'body'], () => compileTemplate(pushes.body))]),
    ...list(pushes?.group === undefined ? [] : [pushes.group], ['pushes', 'group'], 'none'),
    ...rest.flatMap(({ url, headers, body }, i) => [
      placed(['rest', i, 'url'], () => compileTemplate(url, 'url')),
      ...map(headers, ['rest', i, 'headers'], 'header'),
      ...(body === undefined ? [] : [placed(['rest', i, 'body'], () => compileTemplate(body))]),
    ]),
  ]
}

function placed(path: FaultPath, compile: () => Template): PlacedTemplate {
  try {
    return { path, template: compile(), findings: [] }
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error
    return { path, template: null, findings: [{ path, problem: error.message }] }
  }
}

function checkReferences(
  scenario: ScenarioDefinition,
  templates: readonly PlacedTemplate[],
  context: CheckContext,
): Finding[] {
  const saved = scenario.onOpen.flatMap(({ save }) => Object.keys(save))
  const known = {
    vars: [...Object.keys(scenario.variables), ...saved],
    data: context.columns ?? [],
    env: Object.keys(context.env).filter((name) => context.env[name] !== undefined),
  }
  return templates.flatMap(({ path, template }) =>
    (template?.references ?? []).flatMap(({ family, name }): Finding[] => {
      if (known[family].includes(name)) return []
      // The data file's own fault says more.
      if (family === 'data' && scenario.data !== undefined && context.columns === null) return []
      if (family === 'env') return [{ path, problem: `the environment variable ${name} is not set` }]
      const problem = `{{${family}.${name}}} stands for nothing`
      const allowed = known[family].length > 0 ? known[family].join(', ') : nothingKnown[family]
      return [{ path, problem, allowed, suggestion: nearestName(name, known[family]) ?? undefined }]
    }),
  )
}

const nothingKnown = {
  vars: 'names under variables, and those that a step of onOpen saves',
  data: 'columns of the file that data names',
} as const

function checkPhases({ phases, limits, target }: ScenarioDefinition): Finding[] {
  const findings: Finding[] = []
  let connections = 0
  for (const [index, phase] of phases.entries()) {
    if (phase.phase === 'ramp') {
      if ((phase.duration === undefined) === (phase.rate === undefined)) {
        findings.push({ path: ['phases', index], allowed: 'exactly one of duration and rate' })
      }
      connections = phase.connections
    } else if (phase.phase === 'spike' && phase.connections < connections) {
      const found = `${phase.connections}, and ${connections} are open by then`
      findings.push({ path: ['phases', index, 'connections'], found, allowed: `at least ${connections}` })
    } else if (phase.phase === 'drain') connections = 0
  }
  if (findings.length > 0) return findings
  const timeline = timelineOf(phases)
  const duration = timeline.at(-1)?.end ?? 0
  const clients = clientsOf(timeline)
  if (duration > limits.duration) {
    const found = `${formatDuration(duration)} in all`
    findings.push({ path: ['phases'], found, allowed: `at most limits.duration, ${formatDuration(limits.duration)}` })
  }
  if (clients > limits.connections) {
    const found = `${clients} connections at a time`
    findings.push({ path: ['phases'], found, allowed: `at most limits.connections, ${limits.connections}` })
  }
  if (clients > 0 && target === undefined) {
    findings.push({ path: ['target'], problem: 'missing', allowed: 'a URL such as ws://127.0.0.1:8080/chat/dev' })
  }
  return findings
}

function checkMessages(scenario: ScenarioDefinition, templates: readonly PlacedTemplate[]): Finding[] {
  const { messages, groups } = scenario
  const findings = messages.flatMap((message, index): Finding[] => {
    const path: FaultPath = ['messages', index]
    const usesStamp = usesStampAt(templates, [...path, 'send'])
    const pacings = [message.rate, message.every, message.think].filter((each) => each !== undefined)
    const wrong: Finding[] = []
    if (pacings.length !== 1) wrong.push({ path, allowed: 'exactly one of rate, every and think' })
    if (message.fanOut !== false && groups === undefined) {
      wrong.push({
        path: [...path, 'fanOut'],
        problem: 'without groups nobody gets it',
        allowed: 'groups: { size: 10 }',
      })
    }
    if (usesStamp === false && (message.fanOut !== false || isByStamp(message))) {
      wrong.push({ path: [...path, 'send'], problem: 'missing {{stamp}}, which says which message it is' })
    }
    return wrong
  })
  const selves = new Set(messages.flatMap(({ fanOut }) => (fanOut === false ? [] : [fanOut === true || fanOut.self])))
  if (selves.size > 1) findings.push({ path: ['messages'], allowed: 'the same fanOut.self for all messages' })
  return findings
}

function isByStamp({ reply }: MessageDefinition): boolean {
  return typeof reply === 'object' && reply.correlate === 'stamp'
}

/** Whether the template at a path uses a stamp; null when that template has a fault of its own. */
function usesStampAt(templates: readonly PlacedTemplate[], path: FaultPath): boolean | null {
  const key = JSON.stringify(path)
  return templates.find((each) => JSON.stringify(each.path) === key)?.template?.usesStamp ?? null
}

function checkPushes(
  { pushes, onOpen, variables, groups }: ScenarioDefinition,
  templates: readonly PlacedTemplate[],
): Finding[] {
  if (pushes === undefined) return []
  const findings: Finding[] = []
  const isSaved = pushes.group !== undefined || onOpen.some(({ save }) => Object.hasOwn(save, 'connectionId'))
  if (pushes.group !== undefined && groups === undefined) {
    const problem = 'without groups nobody gets it'
    findings.push({ path: ['pushes', 'group'], problem, allowed: 'groups: { size: 10 }' })
  }
  if (!isSaved && !Object.hasOwn(variables, 'connectionId')) {
    const allowed = 'a step of onOpen with save: { connectionId: $.connectionId }'
    findings.push({ path: ['pushes'], atKey: true, problem: 'nobody knows the connection ids', allowed })
  }
  if (usesStampAt(templates, ['pushes', 'body']) === false) {
    findings.push({ path: ['pushes', 'body'], problem: 'missing {{stamp}}, which says which push it is' })
  }
  return findings
}

function checkPaths({ messages, onOpen }: ScenarioDefinition): Finding[] {
  const ofReply = (reply: Omit<ReplyDefinition, 'correlate'> | boolean, path: FaultPath) =>
    typeof reply === 'boolean'
      ? []
      : [
          ...Object.keys(reply.where).map((each) => ({ path: [...path, 'where', each], text: each, atKey: true })),
          ...Object.keys(reply.check).map((each) => ({ path: [...path, 'check', each], text: each, atKey: true })),
        ]
  const all = [
    ...messages.flatMap(({ reply }, i) => [
      ...ofReply(reply, ['messages', i, 'reply']),
      ...correlationPaths(reply).map((text) => ({ path: ['messages', i, 'reply', 'correlate'], text, atKey: false })),
    ]),
    ...onOpen.flatMap(({ reply, save }, i) => [
      ...ofReply(reply, ['onOpen', i, 'reply']),
      ...Object.entries(save).map(([name, text]) => ({ path: ['onOpen', i, 'save', name], text, atKey: false })),
    ]),
  ]
  return all.flatMap(({ path, text, atKey }): Finding[] => {
    try {
      compileJsonPath(text)
      return []
    } catch (error) {
      if (!(error instanceof JsonPathError)) throw error
      return [{ path, atKey, problem: error.message }]
    }
  })
}

function correlationPaths(reply: MessageDefinition['reply']): string[] {
  if (typeof reply === 'boolean') return []
  const { correlate } = reply
  if (typeof correlate === 'object') return [correlate.message, correlate.reply]
  return correlate === 'order' || correlate === 'stamp' ? [] : [correlate]
}
