import { nearestName } from 'postern-documents/nearest-name'

/** The URL under which a model is known to the others of its API ("Data models for REST APIs", references). */
export function modelUrl(apiId: string, name: string): string {
  return `https://apigateway.amazonaws.com/restapis/${apiId}/models/${name}`
}

const form = /^https:\/\/apigateway\.amazonaws\.com\/restapis\/([^/#]*)\/models\/([^/#]*)(?:#.*)?$/

/** A reference to a model of an API; null for one that leads elsewhere. */
export function referredModel(target: string): { readonly apiId: string; readonly name: string } | null {
  const [, apiId, name] = form.exec(target) ?? []
  return apiId === undefined || name === undefined ? null : { apiId, name }
}

/** The sentence about a model that is not there, with the nearest name. */
export function unknownModel(name: string, known: Iterable<string>): string {
  const nearest = nearestName(name, known)
  return `${JSON.stringify(name)} is not under models${nearest === null ? '' : `. Did you mean ${JSON.stringify(nearest)}?`}`
}
