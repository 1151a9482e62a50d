import { readFileSync } from 'node:fs'

const html = 'text/html; charset=utf-8'
const css = 'text/css; charset=utf-8'
const js = 'text/javascript; charset=utf-8'
const svg = 'image/svg+xml'

/** Files and their content types by the path under which they are served. */
const names: Readonly<Record<string, readonly [file: string, contentType: string]>> = {
  '/': ['index.html', html],
  '/playground': ['index.html', html],
  '/playground/playground.css': ['playground.css', css],
  '/playground/playground.js': ['playground.js', js],
  '/playground/backend-form.js': ['backend-form.js', js],
  '/playground/clipboard.js': ['clipboard.js', js],
  '/playground/frame-log.js': ['frame-log.js', js],
  '/playground/history.js': ['history.js', js],
  '/playground/management.js': ['management.js', js],
  '/playground/message-editor.js': ['message-editor.js', js],
  '/playground/reconnect.js': ['reconnect.js', js],
  '/playground/saved-messages.js': ['saved-messages.js', js],
  '/playground/targets.js': ['targets.js', js],
  '/playground/text.js': ['text.js', js],
  '/playground/icon.svg': ['icon.svg', svg],
}

export interface StaticFile {
  readonly contentType: string
  readonly body: Buffer
}

/** The playground's files, read once; throws when the installation lacks one. */
export function readPlaygroundFiles(): ReadonlyMap<string, StaticFile> {
  return new Map(
    Object.entries(names).map(([path, [file, contentType]]) => [
      path,
      { contentType, body: readFileSync(new URL(`./playground/${file}`, import.meta.url)) },
    ]),
  )
}
