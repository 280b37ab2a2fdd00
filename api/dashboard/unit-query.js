// What a unit's page asks: its state, often; what the chart shows, when that changes; the figures, now and then.

/**
 * @typedef {{ state: string, direction: string, startedAt: string, confirmedAt: string | null,
 *   criticalAt: string | null, endedAt: string | null, peak: number, durationSeconds: number,
 *   degreeMinutes: number, hasUnknown: boolean }} Excursion
 * @typedef {{ state: string, openedAt: string, closedAt: string | null, durationSeconds: number,
 *   warningAt: string | null, criticalAt: string | null, inferred: boolean }} DoorOpening
 * @typedef {{ state: string, startedAt: string, detectedAt: string, endedAt: string | null,
 *   durationSeconds: number, criticalAt: string | null, missedCheckins: number | null }} Silence
 * @typedef {import('./alerts-query.js').Alert} Alert
 * @typedef {{ start: string, end: string, isFinal: boolean, count: number, min: number | null,
 *   mean: number | null, max: number | null, timeWeightedMean: number | null, mkt: number | null,
 *   coverage: number | null, secondsAbove: number, secondsBelow: number, degreeMinutesAbove: number,
 *   degreeMinutesBelow: number, doorOpenings: number, doorOpenSeconds: number,
 *   humidityMean: number | null }} Rollup
 * @typedef {{ name: string, devEui: string, vendor: string | null, model: string | null, kind: string | null,
 *   latest: Record<string, any> | null }} UnitDevice
 * @typedef {import('./fleet-query.js').FleetUnit & { organization: { name: string },
 *   site: { id: string, name: string, timeZone: string }, rule: Record<string, any> | null,
 *   latest: Record<string, any> | null,
 *   devices: { nodes: UnitDevice[] } }} UnitData
 * @typedef {{ nodes: Rollup[] }} Rollups
 * @typedef {{ hours: Rollups, days: Rollups, heat: Rollups }} Figures
 * @typedef {{ nodes: unknown[], pageInfo: { hasPreviousPage: boolean } }} Page
 */

export const RULE_FIELDS = `validFrom temperatureMin(unit: $unit) temperatureMax(unit: $unit) holdLimitSeconds
      expectedReadingIntervalSeconds excursionConfirmMinutesDoorClosed excursionConfirmMinutesDoorOpen
      doorOpenMaxMaskMinutesPerDay maxExcursionMinutes doorOpenWarningMinutes doorOpenCriticalMinutes
      offlineWarningMissedCheckins offlineCriticalMissedCheckins delayMinutes severity escalationMinutes`

export const UNIT_QUERY = `query Unit($id: ID!, $unit: TemperatureUnit!) {
  now
  unit(id: $id) {
    id name type
    organization { name }
    site { id name timeZone }
    area { name }
    status { status since }
    latest {
      temperature(unit: $unit) temperatureAt humidity batteryPercent batteryVolts rssi snr recordedAt
    }
    door { open since }
    rule { ${RULE_FIELDS} }
    devices {
      nodes {
        name devEui vendor model kind
        latest { temperature(unit: $unit) doorOpen batteryPercent rssi recordedAt fault }
      }
    }
  }
}`

export const RULE_QUERY = `query RuleAt($id: ID!, $unit: TemperatureUnit!, $at: DateTime!) {
  unit(id: $id) { rule(at: $at) { validFrom temperatureMin(unit: $unit) temperatureMax(unit: $unit) } }
}`

const more = 'pageInfo { hasPreviousPage }'
const episodes = `excursions(from: $from, to: $to, last: 500) {
      nodes {
        state direction startedAt confirmedAt criticalAt endedAt peak(unit: $unit) durationSeconds
        degreeMinutes(unit: $unit) hasUnknown
      } ${more}
    }
    silences(from: $from, to: $to, last: 500) {
      nodes { state startedAt detectedAt endedAt durationSeconds criticalAt missedCheckins } ${more}
    }
    alerts(from: $from, to: $to, last: 200) {
      nodes {
        id type severity status triggeredAt causeStartedAt acknowledgedAt escalatedAt resolvedAt durationSeconds reason
      } ${more}
    }
    doorOpenings(from: $from, to: $to, last: $doors) {
      nodes { state openedAt closedAt durationSeconds warningAt criticalAt inferred } ${more}
    }`

export const READINGS_QUERY = `query Readings($id: ID!, $unit: TemperatureUnit!, $from: DateTime!, $to: DateTime!,
  $points: Int!, $doors: Int!) {
  now
  unit(id: $id) {
    series: temperatureSeries(from: $from, to: $to, maxPoints: $points) {
      at min(unit: $unit) max(unit: $unit) mean(unit: $unit) count
    }
    ${episodes}
  }
}`

export const EPISODES_QUERY = `query Episodes($id: ID!, $unit: TemperatureUnit!, $from: DateTime!, $to: DateTime!,
  $doors: Int!) {
  now
  unit(id: $id) {
    ${episodes}
  }
}`

export const WINDOWS_QUERY = `query Windows($id: ID!, $unit: TemperatureUnit!, $granularity: Granularity!,
  $from: DateTime!, $to: DateTime!, $after: String) {
  unit(id: $id) {
    rollups(granularity: $granularity, from: $from, to: $to, first: 1000, after: $after) {
      nodes { start end count min(unit: $unit) max(unit: $unit) timeWeightedMean(unit: $unit) doorOpenSeconds }
      pageInfo { hasNextPage endCursor }
    }
  }
}`

const figures = `nodes {
      start end isFinal count min(unit: $unit) mean(unit: $unit) max(unit: $unit)
      timeWeightedMean(unit: $unit) mkt(unit: $unit) coverage secondsAbove secondsBelow
      degreeMinutesAbove(unit: $unit) degreeMinutesBelow(unit: $unit)
      doorOpenings doorOpenSeconds humidityMean
    }`

export const FIGURES_QUERY = `query Figures($id: ID!, $unit: TemperatureUnit!, $heatFrom: DateTime!) {
  unit(id: $id) {
    hours: rollups(granularity: HOUR, last: 24) { ${figures} }
    days: rollups(granularity: DAY, last: 14) { ${figures} }
    heat: rollups(granularity: HOUR, from: $heatFrom, last: 1000) {
      nodes {
        start end min(unit: $unit) max(unit: $unit) timeWeightedMean(unit: $unit) coverage
        secondsAbove secondsBelow doorOpenings doorOpenSeconds
      }
    }
  }
}`
