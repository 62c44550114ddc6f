import { z } from 'zod'

/**
 * PEM text or a secret reference. Only emptiness is refused here: whether a certificate can be read and fits its key is
 * decided at capture, when references are resolved.
 */
export function pem(): z.ZodString {
  return z.string().min(1)
}
