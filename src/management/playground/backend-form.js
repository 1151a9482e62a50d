import { closeConnection, push } from './management.js'

/**
 * The form that does to the connection what a backend would: pushes a message to it, or closes it.
 * @param {{ field: HTMLTextAreaElement, push: HTMLButtonElement, close: HTMLButtonElement,
 *   failed: (text: string) => void }} parts
 */
export function createBackendForm({ field, push: pushButton, close: closeButton, failed }) {
  /** @type {string | null} */
  let connectionId = null
  /** Texts pushed by this page that have not come back as frames yet. @type {string[]} */
  let pushed = []

  async function pushMessage() {
    if (connectionId === null) return
    const text = field.value
    pushed.push(text)
    try {
      await push(connectionId, text)
      field.value = ''
    } catch (error) {
      pushed.splice(pushed.indexOf(text), 1)
      failed(`Push failed: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  async function close() {
    if (connectionId === null) return
    try {
      await closeConnection(connectionId)
    } catch (error) {
      failed(`Closing failed: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  field.form?.addEventListener('submit', (event) => {
    event.preventDefault()
    void pushMessage()
  })
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    void pushMessage()
  })
  closeButton.addEventListener('click', close)

  return {
    /** The connection that is reached; null for none. @param {string | null} id */
    reach(id) {
      connectionId = id
      pushButton.disabled = id === null
      closeButton.disabled = id === null
    },
    /** Whether a frame is what this page has pushed, each push once. @param {string} text */
    takes(text) {
      const index = pushed.indexOf(text)
      if (index >= 0) pushed.splice(index, 1)
      return index >= 0
    },
    /** The connection has ended: nothing comes back any more. */
    forget() {
      pushed = []
    },
  }
}
