/** The function that an `integrationUri` of a Lambda integration names. */
export interface FunctionReference {
  readonly name: string
  /** Whether the URI is `function:name`: declared under `functions`, never anywhere else. */
  readonly localOnly: boolean
  /** The name that the Lambda API is asked for: the name or the whole ARN, without a qualifier. */
  readonly remoteName: string
  /** The version or alias; null for none. */
  readonly qualifier: string | null
  /** The region of the ARN; null when there is none. */
  readonly region: string | null
}

const functionName = '[A-Za-z0-9_-]{1,64}'
const qualifier = '\\$LATEST|[A-Za-z0-9_-]{1,128}'
const local = /^function:([A-Za-z0-9_$.-]{1,128})$/
const plain = new RegExp(`^(${functionName})(?::(${qualifier}))?$`)
const arn = new RegExp(`^(arn:aws[a-z-]*:lambda:([a-z0-9-]+):\\d{12}:function:(${functionName}))(?::(${qualifier}))?$`)
const invocation = /^arn:aws[a-z-]*:apigateway:[a-z0-9-]+:lambda:path\/2015-03-31\/functions\/([^/]+)\/invocations$/

/**
 * Reads an `integrationUri` whose stage variables are replaced already: `function:<name>`, a Lambda function's name or
 * ARN (each with or without `:alias`), or the form
 * `arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<name or ARN>/invocations`. Null when it is none of them.
 */
export function parseFunctionUri(uri: string): FunctionReference | null {
  const declared = local.exec(uri)
  if (declared !== null) {
    const name = declared[1] as string
    return { name, localOnly: true, remoteName: name, qualifier: null, region: null }
  }
  const target = invocation.exec(uri)?.[1] ?? uri
  const named = plain.exec(target)
  if (named !== null) {
    const name = named[1] as string
    return { name, localOnly: false, remoteName: name, qualifier: named[2] ?? null, region: null }
  }
  const full = arn.exec(target)
  if (full === null) return null
  const [, remoteName = '', region = '', name = '', alias] = full
  return { name, localOnly: false, remoteName, qualifier: alias ?? null, region }
}
