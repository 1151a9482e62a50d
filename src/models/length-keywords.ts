import type { Ajv } from 'ajv'

/** The number of characters of a text as JSON Schema counts them: those beyond the first plane are one (RFC 8259 §1). */
function characters(text: string): number {
  let count = text.length
  for (let at = 0; at < text.length - 1; at++) {
    if ((text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) {
      count--
      at++
    }
  }
  return count
}

/**
 * Puts `maxLength` and `minLength` in place of ajv's, which count the characters of every text: mostly its length says
 * enough. `codeOf` is ajv's `_`.
 */
export function addLengthKeywords(
  ajv: Pick<Ajv, 'removeKeyword' | 'addKeyword'>,
  codeOf: typeof import('ajv')._,
): void {
  const keywords = { type: 'string', schemaType: 'number' } as const
  ajv.removeKeyword('maxLength')
  ajv.addKeyword({
    ...keywords,
    keyword: 'maxLength',
    code(context) {
      const { gen, data, schema } = context
      const count = gen.scopeValue('func', { ref: characters })
      context.fail(codeOf`${data}.length > ${schema} && ${count}(${data}) > ${schema}`)
    },
  })
  ajv.removeKeyword('minLength')
  ajv.addKeyword({
    ...keywords,
    keyword: 'minLength',
    code(context) {
      const { gen, data, schema } = context
      const count = gen.scopeValue('func', { ref: characters })
      context.fail(codeOf`${data}.length < ${2 * schema} && ${count}(${data}) < ${schema}`)
    },
  })
}
