import type { Log } from '../observability/contract.ts'
import type { FunctionDefinition, FunctionInvoker } from './contract.ts'
import { createFunctionOrphanGuard } from './function-orphan-guard.ts'
import type { HandlerLocation } from './handler.ts'
import { createFunctionPool, type FunctionPool } from './pool.ts'
import type { ProcessSettings } from './process.ts'
import { createProcessTrees } from './process-trees.ts'

/** Loads that run at the same time in `warm`. */
const maxWarming = 2

/** A local function by where it is declared. */
export interface LocalFunction {
  readonly apiId: string
  readonly name: string
  readonly definition: FunctionDefinition
  /** The folder of the api.yaml. */
  readonly directory: string
}

/** A local function that can't be loaded. */
export interface FunctionFault {
  readonly apiId: string
  readonly name: string
  /** The reason, one sentence. */
  readonly message: string
}

/** The local functions of this gateway process, shared by every API and stage that uses them. */
export interface FunctionPools {
  /**
   * Holds the function until the invoker is closed. The same declaration gives the same processes, so that a definition
   * that is read anew keeps them when the new stage is made before the old one is closed.
   */
  retain(local: LocalFunction): FunctionInvoker
  /** Loads every function that is not loaded, and says which can't be. Costs a process each. */
  warm(): Promise<readonly FunctionFault[]>
  /** Notes that files have changed, below one folder or everywhere: calls from now on run in new processes. */
  reload(directory?: string): void
  /** Kills every process, and what they have started, without waiting; calls in flight fail. Safe to call twice. */
  close(): void
}

export interface FunctionPoolsOptions {
  readonly log: Log
  /** The AWS_REGION of functions that don't declare it, and the region in their ARNs. */
  readonly region?: string
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number
}

interface Entry {
  readonly local: LocalFunction
  readonly pool: FunctionPool
  holders: number
}

/** Creates the pools. No process is started before a function is called or `warm` asks for it. */
export function createFunctionPools(options: FunctionPoolsOptions): FunctionPools {
  const { log, region = 'us-east-1', now = () => performance.now() } = options
  const entries = new Map<string, Entry>()
  /** The pools that nobody holds any more, with calls in flight perhaps. */
  const released = new Set<FunctionPool>()
  const trees = createProcessTrees()
  const guard = createFunctionOrphanGuard(trees.prefix)
  let closed = false

  function open(local: LocalFunction): Entry {
    const { apiId, name, definition, directory } = local
    const pool = createFunctionPool({
      name,
      definition,
      directory,
      settings: processSettings(local, region),
      log: log.child({ api: apiId, function: name }),
      guard,
      trees,
      now,
    })
    return { local, pool, holders: 0 }
  }

  function release(key: string, entry: Entry): void {
    if (--entry.holders > 0) return
    entries.delete(key)
    released.add(entry.pool)
    entry.pool.close(() => released.delete(entry.pool))
  }

  return {
    retain(local) {
      const key = JSON.stringify([local.apiId, local.directory, local.name, local.definition])
      const entry = entries.get(key) ?? open(local)
      entries.set(key, entry)
      entry.holders++
      let held = true
      return {
        invoke: (invocation) => entry.pool.invoke(invocation),
        close() {
          if (held && !closed) release(key, entry)
          held = false
        },
      }
    },
    async warm() {
      const faults: FunctionFault[] = []
      const left = [...entries.values()]
      const next = async (): Promise<void> => {
        for (let entry = left.shift(); entry !== undefined; entry = left.shift()) {
          const message = await entry.pool.load()
          if (message !== null) faults.push({ apiId: entry.local.apiId, name: entry.local.name, message })
        }
      }
      await Promise.all(Array.from({ length: maxWarming }, next))
      return faults
    },
    reload(directory) {
      for (const { local, pool } of entries.values()) {
        if (directory === undefined || local.directory === directory) pool.reload()
      }
    },
    close() {
      closed = true
      for (const { pool } of entries.values()) pool.destroy()
      for (const pool of released) pool.destroy()
      trees.close()
      guard.close()
    },
  }
}

/**
 * The settings of a function's processes. Their environment is what Lambda sets ("Defined runtime environment
 * variables"), then what the definition declares.
 */
export function processSettings(local: LocalFunction, region: string): Omit<ProcessSettings, keyof HandlerLocation> {
  const { apiId, name, definition, directory } = local
  const logGroupName = `/aws/lambda/${name}`
  const logStreamName = apiId
  const ownRegion = definition.environment.AWS_REGION ?? region
  const environment: Record<string, string> = {
    AWS_DEFAULT_REGION: ownRegion,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryInMegabytes),
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_LOG_GROUP_NAME: logGroupName,
    AWS_LAMBDA_LOG_STREAM_NAME: logStreamName,
    AWS_REGION: ownRegion,
    LAMBDA_TASK_ROOT: directory,
    LANG: 'en_US.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    TZ: 'UTC',
    _HANDLER: definition.handler,
  }
  // AWS's SDKs refuse to send anything unsigned; whoever declares credentials gets none of these.
  if (definition.environment.AWS_ACCESS_KEY_ID === undefined) {
    environment.AWS_ACCESS_KEY_ID = 'LOCALFUNCTION0000000'
    environment.AWS_SECRET_ACCESS_KEY = 'not-a-secret'
  }
  Object.assign(environment, definition.environment)
  return {
    functionName: name,
    functionArn: `arn:aws:lambda:${ownRegion}:000000000000:function:${name}`,
    memoryInMegabytes: definition.memoryInMegabytes,
    logGroupName,
    logStreamName,
    directory,
    environment,
  }
}
