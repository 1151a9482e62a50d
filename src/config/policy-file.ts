import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FaultPath, Finding } from 'postern-documents/faults'
import { readProblem } from 'postern-documents/yaml-source'
import { readPolicyJson } from '../policies/read-policy.ts'

/** The document of a policy file, or everything that is wrong with the file. */
type PolicyFile = { readonly document: unknown; readonly findings: null } | { readonly findings: readonly Finding[] }

const path: FaultPath = ['policy']

/** Reads the file of a resource policy, beside its api.yaml. Never rejects. */
export async function readPolicyFile(file: string, directory: string): Promise<PolicyFile> {
  let json: string
  try {
    json = await readFile(join(directory, file), 'utf8')
  } catch (error) {
    return { findings: [{ path, problem: `${file}: ${readProblem(error)}` }] }
  }
  // What stands for an ARN has one form, whatever the id of the API.
  const expandResource = (text: string) => (text.startsWith('execute-api:/') ? 'arn:*' : null)
  const { faults } = readPolicyJson(json, { of: 'resource', expandResource })
  if (faults === null) return { document: JSON.parse(json), findings: null }
  return {
    findings: faults.map((fault) => ({ path, problem: `${[file, ...fault.path].join('.')}: ${fault.message}` })),
  }
}
