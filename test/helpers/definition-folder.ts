import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A new folder with these files, by their paths in it. It goes with the test. */
export function definitionFolder(files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'postern-definitions-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  return dir
}

/** The text of an `api.yaml` without a fault, but for what `rest` brings. */
export const apiYaml = (apiId: string, rest = 'routes: {}') =>
  `apiId: ${apiId}\nprotocolType: WEBSOCKET\nrouteSelectionExpression: $request.body.action\nstages: { dev: {} }\n${rest}\n`
