import { createBackendForm } from './backend-form.js'
import { copyText } from './clipboard.js'
import { createFrameLog } from './frame-log.js'
import {
  findConnection,
  findRefusal,
  gatewayTime,
  listApis,
  listCloseReasons,
  ManagementError,
  useToken,
} from './management.js'
import { createMessageEditor } from './message-editor.js'
import { createReconnect } from './reconnect.js'
import { createSavedList, createSavedMessages } from './saved-messages.js'
import { createTargets } from './targets.js'
import { byteLength, closeMeanings, prettyJson } from './text.js'

/** AWS's limits on what a client sends: a frame, a message. */
const maxFrameBytes = 32 * 1024
const reconnectKey = 'postern.playground.reconnect'

/** @type {<E extends HTMLElement = HTMLElement>(id: string) => E} */
const byId = (id) => /** @type {any} */ (document.getElementById(id))
const status = byId('status')
const notice = byId('notice')
const reconnectBox = /** @type {HTMLInputElement} */ (byId('reconnect'))
const tokenDialog = /** @type {HTMLDialogElement} */ (byId('token-dialog'))
const tokenInput = /** @type {HTMLInputElement} */ (byId('token'))
const buttons = {
  connect: /** @type {HTMLButtonElement} */ (byId('connect')),
  disconnect: /** @type {HTMLButtonElement} */ (byId('disconnect')),
  send: /** @type {HTMLButtonElement} */ (byId('send')),
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

const backend = createBackendForm({
  field: /** @type {HTMLTextAreaElement} */ (byId('push')),
  push: /** @type {HTMLButtonElement} */ (byId('push-send')),
  close: /** @type {HTMLButtonElement} */ (byId('push-close')),
  failed: (text) => log.add('error', text),
})
const saved = createSavedMessages(localStorage)
const savedList = createSavedList({
  saved,
  list: byId('saved-list'),
  count: byId('saved-count'),
  use: editor.begin,
})
const reconnect = createReconnect({ attempt: () => void connect() })

const targets = createTargets({
  apiSelect: /** @type {HTMLSelectElement} */ (byId('api')),
  stageSelect: /** @type {HTMLSelectElement} */ (byId('stage')),
  query: /** @type {HTMLInputElement} */ (byId('query')),
  protocols: /** @type {HTMLInputElement} */ (byId('protocols')),
  more: /** @type {HTMLDetailsElement} */ (byId('more')),
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
  const { url, protocols: wanted } = target
  const isFurther = reconnect.isUnderWay()
  const since = await gatewayTime().catch(() => null)
  if (socket !== null || (isFurther && !reconnect.isUnderWay())) return
  let opening
  try {
    opening = new WebSocket(url, wanted)
  } catch (error) {
    reconnect.stop()
    show('idle', 'Not connected')
    return log.add('error', `The browser refuses: ${wordsOf(error)}`)
  }
  socket = opening
  opening.binaryType = 'arraybuffer'
  const asked = { byUs: false, opened: false, path: new URL(url).pathname, since }
  show('connecting', 'Connecting…')
  log.add('event', `Connecting to ${url}${wanted.length === 0 ? '' : ` with ${wanted.join(', ')}`}`)
  opening.addEventListener('open', () => {
    asked.opened = true
    reconnect.stop()
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
  log.add(backend.takes(data) ? 'push' : 'in', data)
  // Error frames name the connection, and so may an API.
  const named = /"connectionId"\s*:\s*"([\w-]{15}=)"/.exec(data)?.[1]
  if (connectionId === null && named !== undefined && prettyJson(data) !== null) showConnectionId(named)
}

/** @param {WebSocket} of @param {CloseEvent} event @param {{ byUs: boolean, opened: boolean, path: string, since: string | null }} asked */
function closed(of, event, { byUs, opened, path, since }) {
  if (socket !== of) return
  socket = null
  backend.forget()
  showConnectionId(null)
  byId('protocol').textContent = '–'
  const again = reconnectBox.checked && !byUs && (opened || reconnect.isUnderWay())
  if (!again) {
    reconnect.stop()
    show('idle', 'Not connected')
  }
  // Once what happened stands in the log.
  queueMicrotask(() => again && connectAgain())
  const reason = event.reason === '' ? '' : ` “${event.reason}”`
  if (opened)
    return log.add(
      'event',
      `Closed: ${event.code}${reason}`,
      closeMeanings(closeReasons, event.code, event.reason, byUs),
    )
  void explainFailure(path, since)
}

/** Browsers do not show the answer to a handshake: the management port knows it. @param {string} path @param {string | null} since */
async function explainFailure(path, since) {
  try {
    const refusal = await findRefusal(path, since)
    if (refusal !== null) {
      const { status, code, cause } = refusal
      return log.add('error', `The handshake was refused: ${status} ${code}`, [cause])
    }
    log.add('error', 'The handshake failed', [
      'The gateway has refused nothing: its port could not be reached from this browser, or something between them answered.',
    ])
  } catch (error) {
    const isStopped = error instanceof ManagementError && error.status === 0
    log.add('error', isStopped ? 'The gateway does not answer' : 'The handshake failed', [
      isStopped ? 'Neither does its management port: it has stopped, or can not be reached any more.' : wordsOf(error),
    ])
  }
}

/** Waits, longer each time, and then connects again. */
function connectAgain() {
  const seconds = reconnect.plan()
  if (seconds === null) {
    show('idle', 'Not connected')
    return log.add('error', 'It could not connect again, and tries no more.')
  }
  show('connecting', `Connecting again in ${Math.ceil(seconds)} s…`)
  buttons.disconnect.onclick = giveUp
}

function giveUp() {
  if (socket !== null || !reconnect.isUnderWay()) return
  reconnect.stop()
  show('idle', 'Not connected')
  log.add('event', 'It does not connect again')
}

/** @param {'idle' | 'connecting' | 'open'} state @param {string} text */
function show(state, text) {
  const isNew = state !== status.dataset.state
  status.dataset.state = state
  status.textContent = text
  const open = state === 'open'
  buttons.connect.disabled = state !== 'idle' || targets.current() === null
  buttons.disconnect.disabled = state === 'idle'
  buttons.send.disabled = !open
  targets.lock(state !== 'idle')
  if (isNew && state !== 'connecting') moveFocus(state)
}

/**
 * Moves the focus to where it goes on, when the control that had it can't be used any more; who is elsewhere stays there.
 * @param {'idle' | 'open'} state
 */
function moveFocus(state) {
  const focused = document.activeElement
  if (focused !== null && focused !== document.body && !focused.matches(':disabled')) return
  // On a phone the field would bring up the keyboard, over what has just connected.
  if (state === 'open' && !matchMedia('(pointer: coarse)').matches) return editor.focus()
  buttons[state === 'idle' ? 'connect' : 'disconnect'].focus({ preventScroll: true })
}

/** @param {string | null} id */
function showConnectionId(id) {
  connectionId = id
  byId('connection-id').textContent = id ?? (socket === null ? '–' : 'not known')
  byId('copy-id').hidden = id === null
  backend.reach(id)
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
byId('save').addEventListener('click', () => {
  const problem = saved.save(editor.text())
  byId('save-problem').textContent = problem ?? 'Saved.'
  savedList.show()
})
reconnectBox.checked = localStorage.getItem(reconnectKey) === 'yes'
reconnectBox.addEventListener('change', () => {
  localStorage.setItem(reconnectKey, reconnectBox.checked ? 'yes' : 'no')
  if (!reconnectBox.checked) giveUp()
})
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
  if (!document.hidden && socket === null && !reconnect.isUnderWay() && !tokenDialog.open) void load()
})

show('idle', 'Not connected')
void load()
