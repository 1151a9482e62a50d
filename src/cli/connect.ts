import { readFile } from 'node:fs/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { readProblem } from 'postern-documents/yaml-source'
import type { CommandContext } from './command.ts'

const epilogue = `
Each line that is typed or piped in is sent as one text frame; frames that come are printed behind '< '. Ctrl-D or
Ctrl-C ends the connection.

Exit codes: 0 the connection ended with a close frame, 1 it was refused or lost, 2 wrong usage.

Examples:
  postern connect ws://127.0.0.1:8080/chat/dev
  postern connect 'ws://127.0.0.1:8080/backend/dev?name=ada' -H 'Origin: http://127.0.0.1:8080'
  postern connect wss://localhost:8443/chat/dev --ca ca.pem
  echo '{"action":"who"}' | postern connect ws://127.0.0.1:8080/chat/dev
`

export function connectCommand({ io, end }: CommandContext): Command {
  const header = new Option('-H, --header <name: value>', 'a header of the handshake; may be repeated')
  const subprotocol = new Option('-s, --subprotocol <name>', 'a subprotocol to offer; may be repeated')
  const wait = new Option('-w, --wait <seconds>', 'how long to wait for frames after the end of piped input')
  return new Command('connect')
    .description('Talk to a WebSocket by hand.')
    .argument('<url>', 'ws:// or wss://', readUrl)
    .addOption(header.argParser(addHeader).default({}, 'none'))
    .addOption(subprotocol.argParser(append).default([], 'none'))
    .addOption(wait.argParser(readSeconds).default(1))
    .option('--ca <file>', 'PEM file of the authority that signed the certificate of the server')
    .option('--insecure', 'take any certificate, also one that is not valid for the name')
    .addHelpText('after', epilogue)
    .action(async (url: string, given: Given) => {
      const { talk } = await import('./talk.ts')
      const ca = given.ca === undefined ? null : await readFile(given.ca).catch((error: unknown) => readProblem(error))
      if (typeof ca === 'string') {
        io.stderr.write(`postern: --ca ${given.ca}: ${ca}\n`)
        return end(1)
      }
      const options = {
        url,
        ca,
        insecure: given.insecure === true,
        headers: given.header,
        subprotocols: given.subprotocol,
        waitInMillis: given.wait * 1000,
      }
      end(await talk(options, io))
    })
}

interface Given {
  header: Record<string, string | string[]>
  subprotocol: string[]
  wait: number
  ca?: string
  insecure?: boolean
}

function readUrl(text: string): string {
  if (URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol)) return text
  throw new InvalidArgumentError('It is a URL with ws:// or wss://, such as ws://127.0.0.1:8080/chat/dev.')
}

/** Adds a header to those before it; one that was given already is sent once more. */
function addHeader(text: string, headers: Given['header']): Given['header'] {
  const [, name, value] = /^([^\s:]+):\s*(.*)$/.exec(text) ?? []
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError("It is a name, a colon and a value, such as 'Origin: https://app.example'.")
  }
  const known = Object.keys(headers).find((each) => each.toLowerCase() === name.toLowerCase())
  return known === undefined
    ? { ...headers, [name]: value }
    : { ...headers, [known]: [headers[known] ?? [], value].flat() }
}

function append(text: string, list: readonly string[]): string[] {
  return [...list, text]
}

function readSeconds(text: string): number {
  if (/^\d{1,5}(\.\d+)?$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a number of seconds.')
}
