/** The password of a Redis is often written without escapes, so that it may hold anything up to the last `@`. */
const redisUserinfo = /(\brediss?(?:\+[a-z]+)?:\/\/)\S{1,512}@/g
/** User and password up to the last `@` of the authority, where the URL parser ends them. */
const userinfo = /(\/\/)[^/?#\s]{1,512}@/g
/** A password with `/`, `?` or `#` in it, which ends the authority too early: what follows the colon is no port. */
const brokenUserinfo = /(\/\/)(?!\[)[^/?#\s:@]{0,256}:(?!\d*(?:[/?#\s"']|$))[^\s"']{1,512}@/g
/** Parameters whose names say that they are secrets. */
const parameter = /((?:authorization|password|passphrase|secret|token|signature|credential|api[-_]?key)=)[^&\s"']+/gi

/**
 * A text with `mask` in place of the secrets that URLs carry: user and password, and parameters such as `token`. Every
 * text that may hold a URL goes through it before a person or a log sees it.
 */
export function hideSecrets(text: string, mask = '…'): string {
  const inUrls = text.includes('@')
    ? text.replace(redisUserinfo, `$1${mask}@`).replace(brokenUserinfo, `$1${mask}@`).replace(userinfo, `$1${mask}@`)
    : text
  return inUrls.replace(parameter, `$1${mask}`)
}
