import { type Command, InvalidArgumentError, Option } from 'commander'
import { hideSecrets } from 'postern-documents/hide-secrets'
import type { CommandContext } from './command.ts'
import { managementAccess } from './management-access.ts'
import { createManagementClient, type ManagementClient, ManagementFailure } from './management-client.ts'

const defaultUrl = 'http://127.0.0.1:8081'

/** The options of every command that talks to a management port. */
export interface ManagementGiven {
  managementUrl?: string
  tokenFile?: string
  sign?: boolean
}

export function withManagement(command: Command): Command {
  return command
    .addOption(new Option('--management-url <url>', `the management port (default: ${defaultUrl})`).argParser(readUrl))
    .option('--token-file <file>', 'file with the token; its first line that is no comment')
    .addOption(
      new Option('--sign', 'sign with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION').conflicts('tokenFile'),
    )
}

/** Does the work of a command; a failure is one sentence on standard error, and exit code 1. */
export async function runManaged(
  { io, end }: CommandContext,
  given: ManagementGiven,
  work: (client: ManagementClient) => Promise<void>,
): Promise<void> {
  try {
    const url = given.managementUrl ?? urlOfEnvironment(io.env.POSTERN_MANAGEMENT_URL)
    await work(createManagementClient(url, await managementAccess(given, io)))
  } catch (error) {
    if (!(error instanceof ManagementFailure)) throw error
    io.stderr.write(`postern: ${error.message}\n`)
    end(1)
  }
}

function readUrl(text: string): string {
  const fault = urlFault(text)
  if (fault === null) return text
  throw new InvalidArgumentError(fault)
}

function urlOfEnvironment(text: string | undefined): string {
  if (text === undefined || text === '') return defaultUrl
  const fault = urlFault(text)
  if (fault === null) return text
  throw new ManagementFailure(`POSTERN_MANAGEMENT_URL is ${JSON.stringify(hideSecrets(text))}. ${fault}`)
}

function urlFault(text: string): string | null {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    return `It is a URL with http:// or https://, such as ${defaultUrl}.`
  }
  const { username, password } = new URL(text)
  if (username === '' && password === '') return null
  return 'It is a URL without user and password; POSTERN_MANAGEMENT_TOKEN or --token-file has the token.'
}
