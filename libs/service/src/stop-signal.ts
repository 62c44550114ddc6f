/**
 * A signal that is aborted by the first SIGTERM or SIGINT; its reason names which. A second one ends the process at
 * once with code 1, so that a stop that hangs can be cut short. Called once, by the program's main.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  const stop = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(1)
    controller.abort(new Error(`stopped by ${name}`))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return controller.signal
}
