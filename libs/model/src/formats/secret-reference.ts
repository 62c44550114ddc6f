/**
 * Whether the text holds a secret reference (`{{secret:…}}`). What such a string will be is known only at capture, so
 * no format is asked of it at write.
 */
export function holdsSecretReference(text: string): boolean {
  return text.includes('{{secret:')
}

/** For reading formats in a canonical form: leaves a text with a secret reference as it is. */
export function unlessReference(change: (text: string) => string): (text: string) => string {
  return (text) => (holdsSecretReference(text) ? text : change(text))
}
