export { parseDuration, suggestDuration } from './duration.ts'
export { nearest } from './nearest.ts'
export { parsePointer, pointer, valueAt } from './pointer.ts'
