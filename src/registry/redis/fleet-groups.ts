import type { Frame } from '../../vocabulary/frames.ts'
import { type ConnectionId, type OwnerId, ownerOfConnectionId } from '../../vocabulary/ids.ts'
import { ReportSum } from '../../vocabulary/report-sum.ts'
import type {
  Audience,
  AudienceOutcome,
  Group,
  Groups,
  JoinOutcome,
  LocalGroups,
  SendOptions,
  SendReport,
} from '../group-contract.ts'
import type { AudienceOwners } from './audience-owners.ts'
import type { AudienceSurvey } from './audience-survey.ts'
import { answerCodes, type PeerOutcome, type QuestionKind, questionKinds } from './envelope.ts'
import type { GroupDirectory } from './group-directory.ts'
import { type LocalReport, readNumbers, readReport, wireAudience, wireSelection, wireSend } from './group-wire.ts'
import { questionSize } from './outbox.ts'
import type { Peers } from './peers.ts'
import { createGroupPreparer } from './prepare-groups.ts'
import type { Turns } from './turns.ts'

export interface FleetGroupsOptions {
  readonly local: LocalGroups
  readonly directory: Pick<GroupDirectory, 'stored'>
  readonly owners: AudienceOwners
  readonly survey: AudienceSurvey
  readonly peers: Peers
  readonly turns: Turns
  readonly own: () => OwnerId
  /** Whether this worker may have been buried without knowing: then it serves nothing of its own. */
  readonly isFrozen: () => boolean
  readonly isDead: (owner: OwnerId) => boolean
  /** Milliseconds that others, or Redis, may take for an answer. */
  readonly answerTimeout: number
  /** Tells why no other worker can be reached; null while they can. */
  readonly trouble: () => string | null
}

/**
 * Failures that the sends under way may name, here and in the answers that they wait for, of some 20 bytes each: Redis cuts
 * off a subscriber for whom more than 32 MB wait (Redis documentation, "client-output-buffer-limit").
 */
const maxNaming = 1_000_000
/** The part of those that are left which one send may name, so that the sends behind it can name some too. */
const namingShare = 1 / 4

/** The answers of other workers about an audience. */
interface Answers<T> {
  readonly answers: readonly T[]
  /** Workers that live but did not answer. */
  readonly silent: readonly OwnerId[]
  /** Number of others that may be missing, since nobody can name them now. */
  readonly unnamed: number
}

/** A question for every other worker that holds connections of an audience. */
interface Question<T> {
  readonly kind: QuestionKind
  readonly first: unknown
  readonly second: unknown
  /** Makes `second` anew for so many workers; left out where it is the same for any number. */
  readonly secondFor?: (workers: number) => unknown
  /** Reads what a worker answered; null for what makes no sense. */
  readonly read: (payload: unknown, owner: OwnerId) => T | null
}

/** Creates the way to groups over the fleet: own members are served at once, and others by one question to each worker. */
export function createFleetGroups(options: FleetGroupsOptions): Groups {
  const { local, directory, owners, survey, peers, turns, own, isFrozen, isDead, trouble } = options
  const prepare = createGroupPreparer(options)
  /** Failures that the sends under way may name. */
  let naming = 0

  /** Asks all others in the order of the calls; what is said to one connection after this does not overtake it. */
  function askAll<T>(audience: Audience, question: Question<T>): Promise<Answers<T>> {
    const size = questionSize(question.first, question.second)
    const asked = turns.take(audience.apiId, size, owners.read(audience), async (found) => {
      const { secondFor } = question
      const posed = secondFor === undefined ? question : { ...question, second: secondFor(found.owners.length) }
      const outcomes = found.owners.map((owner) => askOne(audience, owner, posed))
      const answers: T[] = []
      const silent: OwnerId[] = []
      for (const [i, outcome] of (await Promise.all(outcomes)).entries()) {
        if (outcome === 'unreachable') silent.push(found.owners[i] as OwnerId)
        else if (outcome !== 'gone') answers.push(outcome.of)
      }
      return { answers, silent, unnamed: found.unnamed }
    })
    return asked ?? Promise.resolve({ answers: [], silent: [], unnamed: 1 })
  }

  async function askOne<T>(
    audience: Audience,
    owner: OwnerId,
    { kind, first, second, read }: Question<T>,
  ): Promise<{ readonly of: T } | 'gone' | 'unreachable'> {
    const outcome = await peers.ask(owner, kind, '', audience.apiId, first, second)
    if (outcome === 'gone') owners.strike(audience, owner)
    if (typeof outcome === 'string') return outcome
    const answer = outcome[1] === answerCodes.done ? read(outcome[2], owner) : null
    return answer === null ? 'unreachable' : { of: answer }
  }

  /** Asks the worker that holds a connection, in the order of the calls. */
  function askOwner(owner: OwnerId, kind: QuestionKind, id: ConnectionId, group: Group): Promise<PeerOutcome> {
    if (trouble() !== null) return Promise.resolve('unreachable')
    const { apiId, stage, name } = group
    const ask = () => peers.ask(owner, kind, id, apiId, stage, name)
    if (turns.isFree(apiId)) return ask()
    return turns.take(apiId, questionSize(stage, name), null, ask) ?? Promise.resolve('unreachable')
  }

  /** The terms of a send for each of several workers, which name no more failures than there is room for now. */
  function withNames(terms: SendOptions, workers: number): SendOptions {
    const failures = Math.min(terms.failures, Math.floor(((maxNaming - naming) * namingShare) / Math.max(1, workers)))
    return failures === terms.failures ? terms : { ...terms, failures }
  }

  function unreachableOf({ silent, unnamed }: Answers<unknown>): number {
    return silent.length + unnamed
  }

  async function outcomeOf(
    own: { readonly joined: number; readonly tooMany: number },
    asked: Promise<Answers<readonly [number, number]>>,
    isStored: Promise<boolean> | null = null,
  ): Promise<AudienceOutcome> {
    const found = await asked
    // What others can't know of yet may be found by nobody: the caller is to try again.
    const unstored = isStored !== null && !(await isStored) ? own.joined : 0
    return {
      connections: found.answers.reduce((sum, [number]) => sum + number, own.joined - unstored),
      tooMany: found.answers.reduce((sum, [, number]) => sum + number, own.tooMany),
      unreachable: unreachableOf(found) + unstored,
    }
  }

  return {
    join(id, group) {
      const owner = ownerOfConnectionId(id)
      if (owner === -1 || isDead(owner)) return 'gone'
      if (owner !== own()) return askOwner(owner, questionKinds.join, id, group).then(joinOutcome)
      if (isFrozen()) return 'unreachable'
      const outcome = local.join(id, group)
      const stored = outcome === 'joined' ? directory.stored(group) : null
      return stored === null ? outcome : stored.then((done) => (done ? outcome : 'unreachable'))
    },
    leave(id, group) {
      const owner = ownerOfConnectionId(id)
      if (owner === -1 || isDead(owner)) return 'gone'
      if (owner !== own()) {
        return askOwner(owner, questionKinds.leave, id, group).then((outcome) => {
          const joined = joinOutcome(outcome)
          return joined === 'joined' ? 'left' : joined === 'gone' ? 'gone' : 'unreachable'
        })
      }
      return isFrozen() ? 'unreachable' : local.leave(id, group)
    },
    prepare: (groups) => (isFrozen() ? null : prepare(groups)),
    send(audience, frame, given) {
      const terms = withNames(given, 1)
      const report = isFrozen() ? unserved(local.size(audience)) : local.send(audience, frame, terms)
      const { binary } = frame
      let named = report.failures.length
      naming += named
      const asked = askAll(audience, {
        ...{ kind: questionKinds.send, first: copyOf(frame), second: wireSend(audience, binary, terms) },
        ...(given.failures > 0 && {
          secondFor(workers) {
            const shared = withNames(given, workers)
            named += workers * shared.failures
            naming += workers * shared.failures
            return wireSend(audience, binary, shared)
          },
        }),
        read: readReport,
      })
      return asked.then((found) => {
        naming -= named
        return sumOf(report, found.answers, unreachableOf(found), given)
      })
    },
    closeAll(audience, selection, code, reason) {
      const frozen = isFrozen() ? local.size(audience) : 0
      const joined = frozen > 0 ? 0 : local.close(audience, selection, code, reason)
      const first = [...wireAudience(audience), ...wireSelection(selection)]
      const question = { kind: questionKinds.closeAll, first, second: [code, reason], read: readNumbers }
      return withFrozen(outcomeOf({ joined, tooMany: 0 }, askAll(audience, question)), frozen)
    },
    joinAll(audience, group) {
      const frozen = isFrozen() ? local.size(audience) : 0
      const done = frozen > 0 ? { joined: 0, tooMany: 0 } : local.joinAll(audience, group)
      const stored = done.joined > 0 ? directory.stored(group) : null
      const question = { kind: questionKinds.joinAll, first: wireAudience(audience), second: group.name }
      return withFrozen(outcomeOf(done, askAll(audience, { ...question, read: readNumbers }), stored), frozen)
    },
    leaveAll(audience, group) {
      const frozen = isFrozen() ? local.size(audience) : 0
      const joined = frozen > 0 ? 0 : local.leaveAll(audience, group)
      const question = { kind: questionKinds.leaveAll, first: wireAudience(audience), second: group.name }
      return withFrozen(outcomeOf({ joined, tooMany: 0 }, askAll(audience, { ...question, read: readNumbers })), frozen)
    },
    async countAll(audience) {
      const question = { kind: questionKinds.size, first: wireAudience(audience), second: null, read: readNumbers }
      const { answers, silent, unnamed } = await askAll(audience, question)
      const connections = answers.reduce((sum, [number]) => sum + number, local.size(audience))
      return { connections, unanswered: silent.length === 0 ? [] : await survey.named(silent), incomplete: unnamed > 0 }
    },
    members: survey.members,
    groups: survey.groups,
  }
}

function joinOutcome(outcome: PeerOutcome): JoinOutcome | 'unreachable' {
  if (typeof outcome === 'string') return outcome
  switch (outcome[1]) {
    case answerCodes.done:
      return 'joined'
    case answerCodes.gone:
      return 'gone'
    case answerCodes.tooMany:
      return 'tooMany'
    default:
      return 'unreachable'
  }
}

/** The data of a frame for later: its bytes are the caller's again when the call returns. */
function copyOf({ data }: Frame): string | Uint8Array {
  return typeof data === 'string' ? data : Buffer.from(data)
}

/** The report about connections of this worker that may not be served now. */
function unserved(unreachable: number): SendReport {
  return { targets: unreachable, sent: 0, full: 0, gone: 0, unreachable, failures: [] }
}

async function withFrozen(outcome: Promise<AudienceOutcome>, frozen: number): Promise<AudienceOutcome> {
  const found = await outcome
  return frozen === 0 ? found : { ...found, unreachable: found.unreachable + frozen }
}

function sumOf(
  own: SendReport,
  others: readonly LocalReport[],
  unreached: number,
  { failures }: SendOptions,
): SendReport {
  if (others.length === 0 && unreached === 0) return own
  const sum = new ReportSum(failures)
  sum.add({ ...own, unreachable: own.unreachable + unreached })
  for (const other of others) sum.add(other)
  return sum.report()
}
