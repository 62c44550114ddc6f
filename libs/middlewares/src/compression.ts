import { report } from '@vrata/model'
import { z } from 'zod'
import { mediaRange } from './media-range.ts'
import { settingsOf } from './settings.ts'

const algorithms = ['zstd', 'br', 'gzip'] as const

const defaultContentTypes = [
  'text/*',
  'application/json',
  '+json',
  'application/javascript',
  '+xml',
  'image/svg+xml',
  'application/wasm',
] as const

/** Compresses responses for clients that accept it. */
export const Compression = z.strictObject(
  {
    algorithms: z
      .array(z.enum(algorithms))
      .min(1)
      .check((context) => {
        for (const [index, name] of context.value.entries())
          if (context.value.indexOf(name) < index)
            report(context, [index], { message: `"${name}" is listed twice`, code: 'list.repeated' })
      })
      .default([...algorithms])
      .describe('Encodings in order of preference.'),
    minBytes: z.int().min(0).default(1024).describe('Responses known to be smaller stay as they are.'),
    contentTypes: z
      .array(mediaRange({ suffixes: true }))
      .min(1)
      .default([...defaultContentTypes])
      .describe('Content types that are compressed; type/* and suffixes such as +json are possible.'),
    levels: z
      .strictObject({
        zstd: z.int().min(1).max(22).default(3).describe('1 is fast, 22 is small.'),
        br: z.int().min(0).max(11).default(4).describe('0 is fast, 11 is small.'),
        gzip: z.int().min(1).max(9).default(6).describe('1 is fast, 9 is small.'),
      })
      .prefault({})
      .describe('Effort of each encoding.'),
  },
  settingsOf('compression'),
)
