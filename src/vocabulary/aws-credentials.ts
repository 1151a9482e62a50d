/** Keys that sign calls to AWS. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Token of temporary credentials; null for long-term ones. */
  readonly sessionToken: string | null
}
