import { type ChildProcess, spawn } from 'node:child_process'

/** What a command left behind. */
export interface Outcome {
  /** Ended by itself with exit code 0. */
  readonly ok: boolean
  /** stdout and stderr in the order in which they arrived. */
  readonly output: string
  readonly seconds: number
}

const running = new Set<ChildProcess>()

/**
 * Runs a command in a process group of its own and collects its output. After `limitSeconds` the whole group is
 * killed and the step counts as failed: a check must end even if a test hangs.
 */
export async function runStep(command: readonly string[], limitSeconds: number, cwd: string): Promise<Outcome> {
  const [program = '', ...args] = command
  const started = performance.now()
  const chunks: string[] = []
  const child = spawn(program, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  child.stdout.setEncoding('utf8').on('data', (text: string) => chunks.push(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => chunks.push(text))
  const deadline = setTimeout(() => {
    chunks.push(`\n${command.join(' ')}: still running after ${limitSeconds} s, killed\n`)
    killGroup(child)
  }, limitSeconds * 1000)
  try {
    const ok = await new Promise<boolean>((resolve) => {
      child.on('error', (error) => {
        chunks.push(`${program}: ${error.message}\n`)
        resolve(false)
      })
      child.on('close', (code) => resolve(code === 0))
    })
    return { ok, output: chunks.join(''), seconds: (performance.now() - started) / 1000 }
  } finally {
    clearTimeout(deadline)
    running.delete(child)
  }
}

/** Kills what is still running when the check itself is interrupted; called from its signal handlers. */
export function killRunningSteps(): void {
  for (const child of running) killGroup(child)
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // already gone is what was wanted
  }
}
