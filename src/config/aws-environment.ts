import type { AwsCredentials } from '../vocabulary/aws-credentials.ts'

/** The keys and the region that the environment names, as AWS's own tools read it; null for what it does not name. */
export function awsOfEnvironment(env: Readonly<Record<string, string | undefined>>): {
  readonly region: string | null
  readonly credentials: AwsCredentials | null
} {
  const accessKeyId = env.AWS_ACCESS_KEY_ID ?? ''
  const secretAccessKey = env.AWS_SECRET_ACCESS_KEY ?? ''
  const sessionToken = env.AWS_SESSION_TOKEN || null
  const hasKeys = accessKeyId !== '' && secretAccessKey !== ''
  return {
    region: env.AWS_REGION || env.AWS_DEFAULT_REGION || null,
    credentials: hasKeys ? { accessKeyId, secretAccessKey, sessionToken } : null,
  }
}
