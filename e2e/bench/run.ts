/** `npm run bench`: all measurements, one after the other, with what they were taken on. */
import { availableParallelism, cpus } from 'node:os'
import { benchActivation } from './activation.ts'

const model = cpus()[0]?.model ?? 'unknown processor'
console.log(`${availableParallelism()} cores (${model}), Node ${process.version}, ${new Date().toISOString()}\n`)
await benchActivation()
