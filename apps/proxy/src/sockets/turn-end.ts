/** Something that collects what it has to write until the present turn of the event loop is over. */
export interface TurnWriter {
  /** Writes it. Must not throw: the others would never be called. */
  onTurnEnd(): void
}

let waiting: TurnWriter[] = []
/** Undefined while those that were in it are called. */
let spare: TurnWriter[] | undefined = []
let awaited = false

/**
 * Calls a writer when all that has come in by now has been dealt with. A turn of the event loop under load brings bytes on
 * many connections; when each is answered at once, every write wakes the program at the other end, which has gone to sleep
 * since the one before, and waking costs more than writing. Written one behind the other, most find it awake. It also
 * joins what is written for one connection in one turn.
 */
export function atTurnEnd(writer: TurnWriter): void {
  if (!awaited) {
    awaited = true
    setImmediate(onImmediate)
  }
  waiting.push(writer)
}

/**
 * Calls all who wait for the end of the turn now. A writer that has no room may do so while it is called itself: those
 * behind it are called all the same, and nobody twice.
 */
export function endTurn(): void {
  const writers = waiting
  waiting = spare ?? []
  spare = undefined
  try {
    for (let at = 0; at < writers.length; at++) writers[at]?.onTurnEnd()
  } finally {
    writers.length = 0
    spare = writers
  }
}

function onImmediate(): void {
  awaited = false
  endTurn()
}
