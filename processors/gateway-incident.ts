// Silences that one gateway explains. Sensors that share a gateway and fall silent together are one incident.
//
//        last check-in             deadline
//   a  ──────●───────────────────────┤
//   b  ────────────●───────────────────────┤
//   c  ──●───────────────────┤
//                  └── cut ──┘   an instant that lies in each of them: one failure there silences all three
//
// It lasts while at least two of them are silent at once. One sensor that stays away when the gateway is back is alone.

export type GatewaySilence = {
  unitId: string
  silenceId: string
  revision: number
  startedMs: number
  detectedMs: number
  endedMs: number | null
}

export type Incident = {
  /** The first last check-in of its units: what identifies it. */
  keyMs: number
  /** The last check-in that came through the gateway. */
  startedMs: number
  detectedMs: number
  endedMs: number | null
  /** Ascending by unit. */
  silences: GatewaySilence[]
}

const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** Silences with an instant that lies between the last check-in and the deadline of each, in order of time. */
export function groupsOf(silences: Iterable<GatewaySilence>): GatewaySilence[][] {
  const groups: GatewaySilence[][] = []
  let deadlineMs = Number.NEGATIVE_INFINITY
  for (const silence of [...silences].sort(
    (a, b) => a.startedMs - b.startedMs || order(a.unitId, b.unitId),
  )) {
    const group = groups.at(-1)
    if (group !== undefined && silence.startedMs < deadlineMs) {
      group.push(silence)
      deadlineMs = Math.min(deadlineMs, silence.detectedMs)
    } else {
      groups.push([silence])
      deadlineMs = silence.detectedMs
    }
  }
  return groups
}

/** Null: no two of them are ever silent at once. */
export function incidentOf(group: readonly GatewaySilence[]): Incident | null {
  const together = timeTogether(group)
  const [first] = group
  if (together === null || first === undefined) return null
  return {
    keyMs: first.startedMs,
    startedMs: Math.max(...group.map(({ startedMs }) => startedMs)),
    ...together,
    silences: [...group].sort((a, b) => order(a.unitId, b.unitId)),
  }
}

/** From the first instant at which two are silent to the last. */
function timeTogether(
  group: readonly GatewaySilence[],
): { detectedMs: number; endedMs: number | null } | null {
  const changes = group.flatMap(({ detectedMs, endedMs }) => [
    { atMs: detectedMs, by: 1 },
    { atMs: endedMs ?? Number.POSITIVE_INFINITY, by: -1 },
  ])
  // At one instant, whoever is heard again goes before whoever is not.
  changes.sort((a, b) => a.atMs - b.atMs || a.by - b.by)
  let count = 0
  let detectedMs: number | null = null
  let endedMs = Number.POSITIVE_INFINITY
  for (const { atMs, by } of changes) {
    count += by
    if (by > 0 && count === 2) detectedMs ??= atMs
    if (by < 0 && count === 1) endedMs = atMs
  }
  if (detectedMs === null) return null
  return { detectedMs, endedMs: Number.isFinite(endedMs) ? endedMs : null }
}
