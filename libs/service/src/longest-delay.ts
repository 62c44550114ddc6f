/**
 * The longest delay that timers of the platform know, in milliseconds: 24 days. A longer one would be over at once,
 * so whoever hands a configured time to a timer bounds it by this.
 */
export const longestDelay = 2 ** 31 - 1
