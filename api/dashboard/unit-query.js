// What a unit's page asks in one question.

/**
 * @typedef {{ state: string, direction: string, startedAt: string, confirmedAt: string | null,
 *   criticalAt: string | null,
 *   endedAt: string | null, peak: number, durationSeconds: number, degreeMinutes: number,
 *   hasUnknown: boolean }} Excursion
 * @typedef {{ state: string, openedAt: string, closedAt: string | null, durationSeconds: number,
 *   warningAt: string | null,
 *   criticalAt: string | null, inferred: boolean }} DoorOpening
 * @typedef {{ state: string, startedAt: string, detectedAt: string, endedAt: string | null,
 *   durationSeconds: number,
 *   criticalAt: string | null, missedCheckins: number | null }} Silence
 * @typedef {{ type: string, severity: string, status: string, triggeredAt: string, resolvedAt: string | null,
 *   durationSeconds: number }} Alert
 * @typedef {{ start: string, end: string, isFinal: boolean, count: number, min: number | null,
 *   mean: number | null,
 *   max: number | null, timeWeightedMean: number | null, mkt: number | null, coverage: number | null,
 *   secondsAbove: number, secondsBelow: number, degreeMinutesAbove: number, degreeMinutesBelow: number,
 *   doorOpenings: number, doorOpenSeconds: number, humidityMean: number | null }} Rollup
 * @typedef {import('./fleet-query.js').FleetUnit & { organization: { name: string },
 *   site: { name: string, timeZone: string }, rule: Record<string, any> | null, ruleBefore: Record<string,
 *   any> | null,
 *   latest: Record<string, any> | null,
 *   devices: { name: string, devEui: string, vendor: string | null, model: string | null,
 *   kind: string | null,
 *     latest: Record<string, any> | null }[],
 *   series: { at: string, min: number, max: number, mean: number, count: number }[],
 *   excursions: { nodes: Excursion[] }, doorOpenings: { nodes: DoorOpening[] },
 *   silences: { nodes: Silence[] },
 *   alerts: { nodes: Alert[] }, hours: { nodes: Rollup[] }, days: { nodes: Rollup[] } }} UnitData
 */

const rollup = `nodes {
      start end isFinal count min(unit: $unit) mean(unit: $unit) max(unit: $unit) timeWeightedMean(unit:
      $unit)
      mkt(unit: $unit) coverage secondsAbove secondsBelow degreeMinutesAbove(unit: $unit)
      degreeMinutesBelow(unit: $unit)
      doorOpenings doorOpenSeconds humidityMean
    }`

export const UNIT_QUERY = `query Unit($id: ID!, $unit: TemperatureUnit!, $from: DateTime!, $to: DateTime!,
$points: Int!) {
  now
  unit(id: $id) {
    id name type
    organization { name }
    site { name timeZone }
    area { name }
    status { status since }
    latest {
      temperature(unit: $unit) temperatureAt humidity batteryPercent batteryVolts rssi snr recordedAt
    }
    door { open since }
    rule {
      validFrom temperatureMin(unit: $unit) temperatureMax(unit: $unit) holdLimitSeconds
      expectedReadingIntervalSeconds
      excursionConfirmMinutesDoorClosed excursionConfirmMinutesDoorOpen doorOpenMaxMaskMinutesPerDay
      maxExcursionMinutes
      doorOpenWarningMinutes doorOpenCriticalMinutes offlineWarningMissedCheckins
      offlineCriticalMissedCheckins
      delayMinutes severity
    }
    ruleBefore: rule(at: $from) { temperatureMin(unit: $unit) temperatureMax(unit: $unit) }
    devices {
      name devEui vendor model kind
      latest { temperature(unit: $unit) doorOpen batteryPercent rssi recordedAt fault }
    }
    series: temperatureSeries(from: $from, to: $to, maxPoints: $points) {
      at min(unit: $unit) max(unit: $unit) mean(unit: $unit) count
    }
    excursions(from: $from, to: $to, last: 200) {
      nodes {
        state direction startedAt confirmedAt criticalAt endedAt peak(unit: $unit) durationSeconds
        degreeMinutes(unit: $unit) hasUnknown
      }
    }
    doorOpenings(from: $from, to: $to, last: 500) {
      nodes { state openedAt closedAt durationSeconds warningAt criticalAt inferred }
    }
    silences(from: $from, to: $to, last: 200) {
      nodes { state startedAt detectedAt endedAt durationSeconds criticalAt missedCheckins }
    }
    alerts(from: $from, to: $to, last: 100) {
      nodes { type severity status triggeredAt resolvedAt durationSeconds }
    }
    hours: rollups(granularity: HOUR, last: 24) { ${rollup} }
    days: rollups(granularity: DAY, last: 14) { ${rollup} }
  }
}`
