// A declared rule with the preset that it names below it: what the rule sets itself wins.
import { presetOf } from '../../processors/presets.ts'

export function withPreset<R extends { preset?: unknown }>(
  rule: R,
): Omit<R, 'preset'> & Record<string, unknown> {
  const { preset, ...own } = rule
  const found = typeof preset === 'string' ? presetOf(preset) : undefined
  return { ...found?.rule, ...own }
}
