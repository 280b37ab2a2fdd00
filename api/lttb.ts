// Largest triangle three buckets (Sveinn Steinarsson, 2013): of many points the few that draw the same line. First and last
// stay; of each bucket between them the point that spans the largest triangle with the one chosen before and the mean of
// the next bucket.

/** Places of the chosen points, ascending: all of them where there are no more than `max`, which is at least 2. */
export function lttb(x: ArrayLike<number>, y: ArrayLike<number>, max: number): number[] {
  const count = x.length
  if (count <= max) return Array.from({ length: count }, (_, index) => index)
  if (max === 2) return [0, count - 1]
  const size = (count - 2) / (max - 2)
  const startOf = (bucket: number) => Math.floor(bucket * size) + 1
  const chosen = [0]
  let before = 0
  for (let bucket = 0; bucket < max - 2; bucket += 1) {
    const next = meanOf(x, y, startOf(bucket + 1), Math.min(startOf(bucket + 2), count))
    before = farthest(x, y, { from: startOf(bucket), to: startOf(bucket + 1), before, next })
    chosen.push(before)
  }
  chosen.push(count - 1)
  return chosen
}

type Point = { x: number; y: number }

function meanOf(x: ArrayLike<number>, y: ArrayLike<number>, from: number, to: number): Point {
  const sum = { x: 0, y: 0 }
  for (let i = from; i < to; i += 1) {
    sum.x += x[i] ?? 0
    sum.y += y[i] ?? 0
  }
  return { x: sum.x / (to - from), y: sum.y / (to - from) }
}

type Bucket = { from: number; to: number; before: number; next: Point }

function farthest(x: ArrayLike<number>, y: ArrayLike<number>, { from, to, before, next }: Bucket): number {
  const [beforeX = 0, beforeY = 0] = [x[before], y[before]]
  let [best, bestArea] = [from, -1]
  for (let i = from; i < to; i += 1) {
    // Twice the triangle's area.
    const area = Math.abs(
      (beforeX - next.x) * ((y[i] ?? 0) - beforeY) - (beforeX - (x[i] ?? 0)) * (next.y - beforeY),
    )
    if (area > bestArea) [best, bestArea] = [i, area]
  }
  return best
}
