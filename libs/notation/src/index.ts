export { parseDuration, suggestDuration } from './duration.ts'
export { nearest } from './nearest.ts'
export { pointer } from './pointer.ts'
