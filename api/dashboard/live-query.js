// What the pages subscribe to.

const where = '$unit: ID, $site: ID'
const there = 'unit: $unit, site: $site'

export const STATUS_NEWS = `subscription Status(${where}) {
  event: unitStatus(${there}) { unitId status since retracted revision }
}`
export const READING_NEWS = `subscription Readings(${where}, $letter: TemperatureUnit!) {
  event: readings(${there}) {
    unitId deviceId recordedAt temperature(unit: $letter) humidity doorOpen fault history
  }
}`
export const ALERT_NEWS = `subscription Alerts(${where}) { event: alerts(${there}) { unitId id } }`
