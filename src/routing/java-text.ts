import { ExactNumber, namesOf } from 'postern-documents/exact-json'
import { javaNumberText } from '../vocabulary/java-number.ts'

/**
 * Characters of a list's or map's text: longer text equals no route key and no template key (both are shorter), so no
 * more is written.
 */
const maxLength = 2_048

/**
 * A JSON value as AWS puts it into a selection expression ("Selection expressions", WebSocket APIs): strings as they
 * are, nothing for a missing value, and numbers, lists and maps as Java prints them (`[item1, item2]`, `{name=value}`). Lists
 * and maps are cut off at 2,048 characters, which also bounds how deep this walks into a message.
 */
export function javaText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === undefined) return ''
  if (isNumber(value)) return javaNumberText(value)
  if (typeof value !== 'object' || value === null) return String(value)
  return append('', value).slice(0, maxLength)
}

function append(text: string, value: unknown): string {
  if (text.length > maxLength) return text
  if (Array.isArray(value)) {
    let result = `${text}[`
    for (let i = 0; i < value.length && result.length <= maxLength; i++) {
      result = append(i === 0 ? result : `${result}, `, value[i])
    }
    return `${result}]`
  }
  if (isNumber(value)) return text + javaNumberText(value)
  if (typeof value === 'object' && value !== null) {
    let result = `${text}{`
    let first = true
    for (const name of namesOf(value)) {
      if (result.length > maxLength) break
      result = append(`${result}${first ? '' : ', '}${name}=`, (value as Record<string, unknown>)[name])
      first = false
    }
    return `${result}}`
  }
  return text + String(value)
}

function isNumber(value: unknown): value is number | ExactNumber {
  return typeof value === 'number' || value instanceof ExactNumber
}
