import { completeLimits } from '@vrata/http1'

/** What is taken from an endpoint. More than from a client: whoever runs a gateway chose its endpoints. */
export const answerLimits = completeLimits({ head: 262_144, fields: 1_000 })
