/** What something that was thrown says, in its own words. Whoever shows it puts it into a sentence. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
