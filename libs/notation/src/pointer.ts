/**
 * A JSON Pointer (RFC 6901) from the keys and indices that lead to a value; no steps give `""`, the whole document.
 * Used wherever a problem has to say where it is.
 */
export function pointer(...path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
