// Chance that can be met again: every random number is a function of the seed and of the names of what it is for, so
// that no order of computing, no restart and no speed changes it.

export type Chance = {
  /** From 0 up to 1, 32 bits. */
  next(): number
  between(least: number, most: number): number
  /** Normally distributed around 0. */
  noise(deviation: number): number
  pick<T>(choices: readonly T[]): T
  bytes(count: number): Buffer
}

/** FNV-1a with a last mixing, four times under different starts: 128 bits of state from a text. */
function hashes(text: string): [number, number, number, number] {
  const states: [number, number, number, number] = [0x811c9dc5, 0x1f83d9ab, 0x5be0cd19, 0x9b05688c]
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    for (let i = 0; i < 4; i += 1) states[i] = Math.imul((states[i] ?? 0) ^ unit, 0x01000193 + 2 * i)
  }
  return states
}

/** sfc32, seeded by the names. */
export function chanceOf(...names: readonly (string | number)[]): Chance {
  let [a, b, c, counter] = hashes(names.join('|'))
  const word = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return sum >>> 0
  }
  for (let round = 0; round < 12; round += 1) word()
  const next = () => word() / 2 ** 32
  return {
    next,
    between: (least, most) => least + next() * (most - least),
    noise: (deviation) => deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick: (choices) => {
      const choice = choices[Math.floor(next() * choices.length)]
      if (choice === undefined) throw new Error('there is nothing to pick from')
      return choice
    },
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => word() & 0xff)),
  }
}
