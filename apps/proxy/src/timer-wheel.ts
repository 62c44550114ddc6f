import type { Clock } from './clock.ts'

/** Hears that the time of one of its timers is over. */
export interface TimerOwner {
  /** Called once for each arming, never early. It may arm and disarm any timer. */
  onTimer(timer: Timer): void
}

/** The timers that are due in one tick. */
class Slot {
  first: Timer | undefined = undefined
}

/**
 * A limit that its owner arms and disarms again and again. Made once for what it limits; arming allocates nothing. The
 * members belong to the wheel, which is the only one to change them.
 */
export class Timer {
  readonly owner: TimerOwner
  /** When it is over, in the time of the wheel's clock. */
  due = 0
  /** The tick in which it is looked at; `due` may have moved on since. */
  tick = 0
  /** Where it hangs; undefined = it is not armed. */
  slot: Slot | undefined = undefined
  before: Timer | undefined = undefined
  behind: Timer | undefined = undefined

  constructor(owner: TimerOwner) {
    this.owner = owner
  }

  get armed(): boolean {
    return this.slot !== undefined
  }
}

/** How coarse the wheel is, in milliseconds: timers are over up to this much late. */
const resolution = 20
/** Slots of one turn. Timers further ahead than a turn are passed over until theirs. */
const slots = 512

/**
 * Very many timers that nearly never go off, such as the limits of requests: arming and disarming cost a few
 * assignments whatever their number, at the price of a coarse time. A timer that is armed anew before its time does not
 * even move: it is found too early, and put where it belongs then.
 *
 * The wheel sleeps until the next timer that could be due, and for good when there is none.
 */
export class TimerWheel {
  readonly #clock: Clock
  readonly #slots: readonly Slot[] = Array.from({ length: slots }, () => new Slot())
  /** Those whose time is over, while their owners are told. */
  readonly #over = new Slot()
  #armed = 0
  /** The last tick that was looked at. */
  #tick: number
  /** The tick in which the wheel wakes; Infinity while it sleeps for good. */
  #wakesAt = Infinity
  #cancelWaking: () => void = () => undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#tick = Math.floor(clock.now() / resolution)
  }

  /** The time of its clock, in milliseconds since some fixed moment. */
  get now(): number {
    return this.#clock.now()
  }

  /** How many timers are armed. */
  get armed(): number {
    return this.#armed
  }

  /** Lets `timer` go off in `delay` milliseconds; a time it was armed for before is forgotten. */
  arm(timer: Timer, delay: number): void {
    const due = this.#clock.now() + delay
    timer.due = due
    if (timer.slot !== undefined) {
      if (timer.slot !== this.#over && due >= timer.tick * resolution) return
      this.#unlink(timer)
    }
    this.#link(timer)
    if (timer.tick < this.#wakesAt) this.#wake(timer.tick)
  }

  /** Forgets the time; without effect when it is not armed. */
  disarm(timer: Timer): void {
    if (timer.slot !== undefined) this.#unlink(timer)
  }

  #link(timer: Timer): void {
    // While the wheel sleeps time passes without ticks, so what is due is never put into the past.
    timer.tick = Math.max(Math.ceil(timer.due / resolution), this.#tick + 1)
    this.#hang(timer, this.#slotOf(timer.tick))
  }

  #hang(timer: Timer, slot: Slot): void {
    const { first } = slot
    timer.slot = slot
    timer.behind = first
    if (first !== undefined) first.before = timer
    slot.first = timer
    this.#armed++
  }

  #unlink(timer: Timer): void {
    const { before, behind, slot } = timer
    if (before !== undefined) before.behind = behind
    else if (slot !== undefined) slot.first = behind
    if (behind !== undefined) behind.before = before
    timer.slot = undefined
    timer.before = undefined
    timer.behind = undefined
    this.#armed--
  }

  #slotOf(tick: number): Slot {
    return this.#slots[tick % slots] ?? this.#over
  }

  #wake(tick: number): void {
    this.#cancelWaking()
    this.#wakesAt = tick
    this.#cancelWaking = this.#clock.after(Math.max(0, tick * resolution - this.#clock.now()), () => this.#turn())
  }

  /** Goes on to the present, tells the owners of what is over, and plans the next waking. */
  #turn(): void {
    this.#wakesAt = Infinity
    const now = this.#clock.now()
    const present = Math.floor(now / resolution)
    // After a long sleep one look at each slot is enough.
    for (let tick = Math.max(this.#tick + 1, present - slots + 1); tick <= present; tick++)
      this.#look(tick, present, now)
    this.#tick = Math.max(this.#tick, present)
    try {
      for (let timer = this.#over.first; timer !== undefined; timer = this.#over.first) {
        this.#unlink(timer)
        timer.owner.onTimer(timer)
      }
    } finally {
      this.#plan()
    }
  }

  #look(tick: number, present: number, now: number): void {
    for (let timer = this.#slotOf(tick).first; timer !== undefined; ) {
      const { behind } = timer
      if (timer.tick <= present) {
        this.#unlink(timer)
        if (timer.due <= now) this.#hang(timer, this.#over)
        else this.#relink(timer, present)
      }
      timer = behind
    }
  }

  /** Puts a timer that was armed anew since where it belongs, ahead of all that this turn looks at. */
  #relink(timer: Timer, present: number): void {
    timer.tick = Math.max(Math.ceil(timer.due / resolution), present + 1)
    this.#hang(timer, this.#slotOf(timer.tick))
  }

  #plan(): void {
    if (this.#armed === 0) return
    for (let ahead = 1; ahead <= slots; ahead++) {
      const tick = this.#tick + ahead
      if (this.#slotOf(tick).first === undefined) continue
      if (tick < this.#wakesAt) this.#wake(tick)
      return
    }
  }
}
