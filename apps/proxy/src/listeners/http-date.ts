let madeAt = 0
let text = ''

/** The present time as `Date` has it (RFC 9110, 5.6.7); made once per second. */
export function httpDate(now = Date.now()): string {
  const second = Math.floor(now / 1000)
  if (second === madeAt && text !== '') return text
  madeAt = second
  text = new Date(now).toUTCString()
  return text
}
