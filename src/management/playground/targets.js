import { messageFor } from './text.js'

const choiceKey = 'postern.playground.choice'

/**
 * The choice of API and stage, the URL that it makes, and the stage's routes as beginnings of messages.
 * @param {{ apiSelect: HTMLSelectElement, stageSelect: HTMLSelectElement, query: HTMLInputElement, url: HTMLElement,
 *   routes: HTMLElement, begin: (text: string) => void, changed: () => void }} parts
 */
export function createTargets({ apiSelect, stageSelect, query, url, routes, begin, changed }) {
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
    return { apiId: found.api.apiId, stage: found.stage.stage, url: whole }
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
  query.addEventListener('input', showUrl)

  return {
    /** The chosen stage; null while there is nothing to connect to. */
    current,
    /** @param {import('./management.js').Api[]} listed */
    show(listed) {
      apis = listed
      const last = apiSelect.value === '' ? recall() : { api: apiSelect.value, stage: stageSelect.value }
      apiSelect.replaceChildren(...apis.map(({ apiId }) => new Option(apiId)))
      if (apis.some(({ apiId }) => apiId === last.api)) apiSelect.value = last.api ?? ''
      showStages(last.stage)
    },
    /** @param {boolean} locked */
    lock(locked) {
      for (const field of [apiSelect, stageSelect, query]) field.disabled = locked
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

/** The choice that was made last; not the query, which may hold a secret. @returns {{ api?: string, stage?: string }} */
function recall() {
  try {
    const stored = JSON.parse(localStorage.getItem(choiceKey) ?? '{}')
    return typeof stored === 'object' && stored !== null ? stored : {}
  } catch {
    return {}
  }
}

/** @param {{ api: string, stage: string }} choice */
function remember(choice) {
  try {
    localStorage.setItem(choiceKey, JSON.stringify(choice))
  } catch {
    // Then the choice is not kept.
  }
}
