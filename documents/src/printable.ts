/** Replaces the characters of a foreign text that could drive the terminal which shows it. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd')
}
