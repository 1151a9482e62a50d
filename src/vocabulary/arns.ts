/** The ARN of what API Gateway serves: `resource` is `{apiId}/{stage}/…`. */
export function executeApiArn(region: string, accountId: string, resource: string): string {
  return `arn:aws:execute-api:${region}:${accountId}:${resource}`
}
