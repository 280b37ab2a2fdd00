import { expect, test } from 'vitest'
import { stateSizes } from './unit-stage.ts'

test('a unit is kept in less than 1.5 KB, with a thermometer, humidity and a door that report every ten minutes', async () => {
  for (const { name, bytes } of await stateSizes()) expect(bytes, name).toBeLessThan(1_500)
})
