import { z } from 'zod'
import { cookieNames } from './constants.ts'
import { duration } from './formats/duration.ts'
import { cookieName } from './formats/http.ts'

/** A cookie that pins a client: to a destination or to an endpoint. */
export const PinCookie = (name: keyof typeof cookieNames) =>
  z.strictObject({
    name: cookieName().default(cookieNames[name]).describe('Name of the cookie.'),
    ttl: duration({ min: '1s' }).default('1h').describe('How long the pin lasts.'),
  })

/** What STICKY balancing does, at both levels. */
export const Sticky = (name: keyof typeof cookieNames) =>
  z.strictObject({
    cookie: PinCookie(name).prefault({}).describe('The cookie that holds the session id.'),
    onUnhealthy: z
      .enum(['detour', 'repin'])
      .default('detour')
      .describe(
        'What happens while the pinned target is unhealthy: detour serves the client elsewhere and keeps the pin, repin moves the pin.',
      ),
  })
