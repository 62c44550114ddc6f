/** Worse than every rank. Ranks count from 0 and are compared all the time, so this one is small enough to be cheap too. */
export const noRank = 0x3fff_ffff
