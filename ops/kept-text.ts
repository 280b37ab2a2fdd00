// Small texts that a data folder keeps between starts, such as keys that were drawn once.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** The text of a file, made at the first start and the same ever after. */
export function kept(path: string, make: () => string): string {
  if (!existsSync(path)) keep(path, make())
  return readFileSync(path, 'utf8').trim()
}

/** Whole or not at all, readable by its owner only. */
export function keep(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
