import { messageFor } from './text.js'

const choiceKey = 'postern.playground.choice'
const handshakeKey = 'postern.playground.handshake'

/**
 * The choice of API and stage, what the handshake brings along, the URL that it makes, and the stage's routes as
 * beginnings of messages.
 * @param {{ apiSelect: HTMLSelectElement, stageSelect: HTMLSelectElement, query: HTMLInputElement,
 *   protocols: HTMLInputElement, more: HTMLDetailsElement, url: HTMLElement, routes: HTMLElement,
 *   begin: (text: string) => void, changed: () => void }} parts
 */
export function createTargets({ apiSelect, stageSelect, query, protocols, more, url, routes, begin, changed }) {
  /** @type {import('./management.js').Api[]} */
  let apis = []

  function chosen() {
    const api = apis.find(({ apiId }) => apiId === apiSelect.value)
    const stage = api?.stages.find(({ stage }) => stage === stageSelect.value)
    return api === undefined || stage === undefined ? null : { api, stage }
  }

  function current() {
    const found = chosen()
    if (found === null || found.stage.url === null) return null
    const search = query.value.trim().replace(/^\?/, '')
    const whole = search === '' ? found.stage.url : `${found.stage.url}?${search}`
    const wanted = protocols.value.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
    return { apiId: found.api.apiId, stage: found.stage.stage, url: whole, protocols: wanted }
  }

  /** @param {string} [wanted] */
  function showStages(wanted) {
    const stages = apis.find(({ apiId }) => apiId === apiSelect.value)?.stages ?? []
    stageSelect.replaceChildren(...stages.map(({ stage }) => new Option(stage)))
    if (stages.some(({ stage }) => stage === wanted)) stageSelect.value = wanted ?? ''
    showStage()
  }

  function showStage() {
    const found = chosen()
    const expression = found?.api.routeSelectionExpression ?? null
    const keys = found?.stage.routeKeys.filter((key) => !key.startsWith('$')) ?? []
    routes.replaceChildren(
      ...keys.flatMap((key) => {
        const text = messageFor(expression, key)
        return text === null ? [] : [routeButton(key, () => begin(text))]
      }),
    )
    remember({ api: apiSelect.value, stage: stageSelect.value })
    showUrl()
  }

  function showUrl() {
    url.textContent = current()?.url ?? 'Nothing is served here.'
    changed()
  }

  apiSelect.addEventListener('change', () => showStages())
  stageSelect.addEventListener('change', showStage)
  query.addEventListener('input', () => {
    rememberHandshake({ query: query.value, protocols: protocols.value })
    showUrl()
  })
  protocols.addEventListener('input', () => rememberHandshake({ query: query.value, protocols: protocols.value }))

  const brought = recall(sessionStorage, handshakeKey)
  query.value = brought.query ?? ''
  protocols.value = brought.protocols ?? ''
  more.open = query.value !== '' || protocols.value !== ''

  return {
    /** The chosen stage; null while there is nothing to connect to. */
    current,
    /** @param {import('./management.js').Api[]} listed */
    show(listed) {
      apis = listed
      const last =
        apiSelect.value === '' ? recall(localStorage, choiceKey) : { api: apiSelect.value, stage: stageSelect.value }
      apiSelect.replaceChildren(...apis.map(({ apiId }) => new Option(apiId)))
      if (apis.some(({ apiId }) => apiId === last.api)) apiSelect.value = last.api ?? ''
      showStages(last.stage)
    },
    /** @param {boolean} locked */
    lock(locked) {
      for (const field of [apiSelect, stageSelect, query, protocols]) field.disabled = locked
    },
  }
}

/** @param {string} key @param {() => void} run */
function routeButton(key, run) {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'chip'
  button.textContent = key
  button.addEventListener('click', run)
  return button
}

/**
 * The texts that were remembered under a key, by their names.
 * @param {Storage} storage @param {string} key @returns {Record<string, string | undefined>}
 */
function recall(storage, key) {
  try {
    const stored = JSON.parse(storage.getItem(key) ?? '{}')
    const texts = Object.entries(stored ?? {}).filter(([, value]) => typeof value === 'string')
    return Object.fromEntries(texts)
  } catch {
    return {}
  }
}

/** Keeps the choice in this browser. @param {{ api: string, stage: string }} choice */
function remember(choice) {
  store(localStorage, choiceKey, choice)
}

/** Keeps what may hold a secret until the tab is closed, as the token. @param {{ query: string, protocols: string }} brought */
function rememberHandshake(brought) {
  store(sessionStorage, handshakeKey, brought)
}

/** @param {Storage} storage @param {string} key @param {Record<string, string>} texts */
function store(storage, key, texts) {
  try {
    storage.setItem(key, JSON.stringify(texts))
  } catch {
    // Then it is not kept.
  }
}
