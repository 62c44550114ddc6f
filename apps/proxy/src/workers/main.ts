import { runProgram } from '@vrata/service'
import { runWorker } from './run-worker.ts'
import { Worker } from './worker.ts'

await runProgram(() => runWorker(new Worker()))
