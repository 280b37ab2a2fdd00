/** Something about the machine that a person must put right: its message is shown alone, without a stack. */
export class SetupError extends Error {
  override name = 'SetupError'
}
