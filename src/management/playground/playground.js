import { copyText } from './clipboard.js'
import { createFrameLog } from './frame-log.js'
import {
  closeConnection,
  findConnection,
  gatewayTime,
  listApis,
  listCloseReasons,
  ManagementError,
  push,
  useToken,
} from './management.js'
import { createMessageEditor } from './message-editor.js'
import { createTargets } from './targets.js'
import { byteLength, closeMeanings, prettyJson } from './text.js'

/** AWS's limits on what a client sends: a frame, a message. */
const maxFrameBytes = 32 * 1024

/** @type {<E extends HTMLElement = HTMLElement>(id: string) => E} */
const byId = (id) => /** @type {any} */ (document.getElementById(id))
const status = byId('status')
const notice = byId('notice')
const protocols = /** @type {HTMLInputElement} */ (byId('protocols'))
const pushText = /** @type {HTMLTextAreaElement} */ (byId('push'))
const tokenDialog = /** @type {HTMLDialogElement} */ (byId('token-dialog'))
const tokenInput = /** @type {HTMLInputElement} */ (byId('token'))
const buttons = {
  connect: /** @type {HTMLButtonElement} */ (byId('connect')),
  disconnect: /** @type {HTMLButtonElement} */ (byId('disconnect')),
  send: /** @type {HTMLButtonElement} */ (byId('send')),
  push: /** @type {HTMLButtonElement} */ (byId('push-send')),
  closeAsBackend: /** @type {HTMLButtonElement} */ (byId('push-close')),
}

const editor = createMessageEditor({
  field: /** @type {HTMLTextAreaElement} */ (byId('message')),
  size: byId('message-size'),
  tidy: byId('tidy'),
  storage: localStorage,
  send,
})
const log = createFrameLog({
  list: byId('log'),
  empty: byId('log-empty'),
  count: byId('log-count'),
  toNewest: byId('to-newest'),
  copy,
})

const targets = createTargets({
  apiSelect: /** @type {HTMLSelectElement} */ (byId('api')),
  stageSelect: /** @type {HTMLSelectElement} */ (byId('stage')),
  query: /** @type {HTMLInputElement} */ (byId('query')),
  url: byId('url'),
  routes: byId('routes'),
  begin: editor.begin,
  changed: () => {
    buttons.connect.disabled = socket !== null || targets.current() === null
  },
})

/** @type {Record<string, import('./text.js').CloseReason>} */
let closeReasons = {}
/** @type {WebSocket | null} */
let socket = null
/** @type {string | null} */
let connectionId = null
/** Texts pushed by this page that have not come back as frames yet. @type {string[]} */
let pushedTexts = []

// --- what there is to connect to ---

async function load() {
  try {
    const [listed, reasons] = await Promise.all([listApis(), listCloseReasons()])
    closeReasons = reasons.closeReasons
    byId('token-open').hidden = true
    showNotice(listed.apis.length === 0 ? 'The gateway serves no API.' : '')
    targets.show(listed.apis)
  } catch (error) {
    if (error instanceof ManagementError && error.status === 401) return askForToken(error)
    showNotice(wordsOf(error))
  }
}

// --- the connection ---

async function connect() {
  const target = targets.current()
  if (target === null || socket !== null) return
  const { url } = target
  const wanted = protocols.value.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
  const since = await gatewayTime().catch(() => null)
  if (socket !== null) return
  let opening
  try {
    opening = new WebSocket(url, wanted)
  } catch (error) {
    return log.add('error', `The browser refuses: ${wordsOf(error)}`)
  }
  socket = opening
  opening.binaryType = 'arraybuffer'
  const asked = { byUs: false, opened: false }
  show('connecting', 'Connecting…')
  log.add('event', `Connecting to ${url}${wanted.length === 0 ? '' : ` with ${wanted.join(', ')}`}`)
  opening.addEventListener('open', () => {
    asked.opened = true
    show('open', 'Connected')
    byId('protocol').textContent = opening.protocol || '–'
    log.add('event', opening.protocol === '' ? 'Connected' : `Connected, subprotocol ${opening.protocol}`)
    if (since !== null) void learnConnectionId(opening, { ...target, since })
  })
  opening.addEventListener('message', (event) => received(event.data))
  opening.addEventListener('close', (event) => closed(opening, event, asked))
  buttons.disconnect.onclick = () => {
    asked.byUs = true
    log.add('event', 'Disconnecting')
    opening.close(1000)
  }
}

/** @param {WebSocket} of @param {{ apiId: string, stage: string, since: string }} opened */
async function learnConnectionId(of, opened) {
  const id = await findConnection(opened).catch(() => null)
  if (socket === of && connectionId === null) showConnectionId(id)
}

/** @param {string | ArrayBuffer} data */
function received(data) {
  if (typeof data !== 'string') return log.add('in', `[${data.byteLength} bytes, binary]`)
  const pushed = pushedTexts.indexOf(data)
  if (pushed >= 0) pushedTexts.splice(pushed, 1)
  log.add(pushed >= 0 ? 'push' : 'in', data)
  // Error frames name the connection, and so may an API.
  const named = /"connectionId"\s*:\s*"([\w-]{15}=)"/.exec(data)?.[1]
  if (connectionId === null && named !== undefined && prettyJson(data) !== null) showConnectionId(named)
}

/** @param {WebSocket} of @param {CloseEvent} event @param {{ byUs: boolean, opened: boolean }} asked */
function closed(of, event, { byUs, opened }) {
  if (socket !== of) return
  socket = null
  pushedTexts = []
  showConnectionId(null)
  byId('protocol').textContent = '–'
  show('idle', 'Not connected')
  const reason = event.reason === '' ? '' : ` “${event.reason}”`
  if (opened)
    return log.add(
      'event',
      `Closed: ${event.code}${reason}`,
      closeMeanings(closeReasons, event.code, event.reason, byUs),
    )
  log.add('error', 'The handshake failed', [
    'Browsers do not show the response. The gateway’s log has the status and the cause; “postern check” finds faults of the definition.',
  ])
}

/** @param {'idle' | 'connecting' | 'open'} state @param {string} text */
function show(state, text) {
  status.dataset.state = state
  status.textContent = text
  const open = state === 'open'
  buttons.connect.disabled = state !== 'idle' || targets.current() === null
  buttons.disconnect.disabled = state === 'idle'
  buttons.send.disabled = !open
  targets.lock(state !== 'idle')
  protocols.disabled = state !== 'idle'
}

/** @param {string | null} id */
function showConnectionId(id) {
  connectionId = id
  byId('connection-id').textContent = id ?? (socket === null ? '–' : 'not known')
  byId('copy-id').hidden = id === null
  buttons.push.disabled = id === null
  buttons.closeAsBackend.disabled = id === null
}

// --- sending ---

function send() {
  if (socket?.readyState !== WebSocket.OPEN) return
  const text = editor.text()
  socket.send(text)
  const size = byteLength(text)
  log.add('out', text, size > maxFrameBytes ? ['Larger than the 32 KB that AWS takes in one frame.'] : [])
  editor.sent()
}

async function pushMessage() {
  if (connectionId === null) return
  const text = pushText.value
  pushedTexts.push(text)
  try {
    await push(connectionId, text)
    pushText.value = ''
  } catch (error) {
    pushedTexts.splice(pushedTexts.indexOf(text), 1)
    log.add('error', `Push failed: ${wordsOf(error)}`)
  }
}

async function closeAsBackend() {
  if (connectionId === null) return
  try {
    await closeConnection(connectionId)
  } catch (error) {
    log.add('error', `Closing failed: ${wordsOf(error)}`)
  }
}

// --- around it ---

/** @param {string} text @param {HTMLElement} button */
async function copy(text, button) {
  const label = button.textContent
  button.textContent = (await copyText(text)) ? 'Copied' : 'Not copied'
  setTimeout(() => {
    button.textContent = label
  }, 1200)
}

/** @param {ManagementError} error */
function askForToken(error) {
  byId('token-open').hidden = false
  showNotice(error.message.startsWith('The token') ? error.message : 'This management port asks for a token.')
  if (!tokenDialog.open) tokenDialog.showModal()
}

/** @param {string} text */
function showNotice(text) {
  notice.textContent = text
  notice.hidden = text === ''
}

/** @param {unknown} error */
function wordsOf(error) {
  return error instanceof Error ? error.message : String(error)
}

/** @param {string} id @param {() => void} run */
function onSubmit(id, run) {
  byId(id).addEventListener('submit', (event) => {
    event.preventDefault()
    run()
  })
}

onSubmit('connect-form', connect)
onSubmit('send-form', send)
onSubmit('push-form', pushMessage)
pushText.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
  event.preventDefault()
  void pushMessage()
})
buttons.closeAsBackend.addEventListener('click', closeAsBackend)
byId('copy-id').addEventListener('click', () => copy(connectionId ?? '', byId('copy-id')))
byId('copy-log').addEventListener('click', () => copy(log.text(), byId('copy-log')))
byId('clear').addEventListener('click', () => log.clear())
byId('filter').addEventListener('input', (event) => log.filter(/** @type {HTMLInputElement} */ (event.target).value))
byId('pretty').addEventListener('change', (event) => log.pretty(/** @type {HTMLInputElement} */ (event.target).checked))
byId('token-open').addEventListener('click', () => tokenDialog.showModal())
byId('token-cancel').addEventListener('click', () => tokenDialog.close())
byId('token-form').addEventListener('submit', () => {
  useToken(tokenInput.value.trim())
  tokenInput.value = ''
  void load()
})

// Definitions may have been reloaded meanwhile.
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && socket === null && !tokenDialog.open) void load()
})

show('idle', 'Not connected')
void load()
