import { parseDuration, suggestDuration } from '@vrata/notation'
import type { z } from 'zod'
import { type Finding, quote, text } from './text.ts'

/** Bounds of a duration field, themselves in Go's notation, both inclusive. */
export interface DurationBounds {
  readonly min?: string
  readonly max?: string
}

/** A duration in Go's notation, 0 or more unless bounds say otherwise. The value stays text. */
export function duration(bounds: DurationBounds = {}): z.ZodString {
  const min = bounds.min === undefined ? 0 : (parseDuration(bounds.min) ?? Number.NaN)
  const max = bounds.max === undefined ? Number.POSITIVE_INFINITY : (parseDuration(bounds.max) ?? Number.NaN)
  return text((value) => {
    const parsed = parseDuration(value)
    if (parsed === undefined) return notADuration(value)
    if (parsed < min) return outside(value, `shorter than ${bounds.min}`, bounds.min)
    if (parsed > max) return outside(value, `longer than ${bounds.max}`, bounds.max)
    return undefined
  }).meta({ examples: ['10s'] })
}

function notADuration(value: string): Finding {
  const negative = value.startsWith('-') && parseDuration(value.slice(1)) !== undefined
  return {
    message: negative ? `${quote(value)} is negative` : `${quote(value)} is not a duration`,
    code: 'duration.invalid',
    suggestion: negative ? value.slice(1) : suggestDuration(value),
  }
}

function outside(value: string, how: string, suggestion: string | undefined): Finding {
  return { message: `${quote(value)} is ${how}`, code: 'duration.range', suggestion }
}
