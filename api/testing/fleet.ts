// The fleet of the tests: two organizations, three sites in two zones, eight units that show every status but
// one.
import * as rows from './rows.ts'
import { idOf, insert, minutesAgo, NOW, type Sql } from './rows.ts'

export type TestUnit = { unit: string; site: string; type: string; status: string | null; since: number }

export const units: readonly TestUnit[] = [
  { unit: 'Dairy wall', site: 'Berlin', type: 'display_case', status: 'alarm_active', since: 25 },
  { unit: 'Walk-in 1', site: 'Berlin', type: 'walk_in_cooler', status: 'excursion', since: 8 },
  { unit: 'Freezer 2', site: 'Berlin', type: 'freezer', status: 'offline', since: 190 },
  { unit: 'Salad bar', site: 'Berlin', type: 'fridge', status: 'ok', since: 4_000 },
  {
    unit: 'Fish counter',
    site: 'Chicago',
    type: 'display_case',
    status: 'monitoring_interrupted',
    since: 12,
  },
  { unit: 'Blast chiller', site: 'Chicago', type: 'blast_chiller', status: 'restoring', since: 3 },
  { unit: 'Back fridge', site: 'Chicago', type: 'fridge', status: 'ok', since: 9_000 },
  { unit: 'New freezer', site: 'Chicago', type: 'walk_in_freezer', status: null, since: 0 },
]

export const isFreezing = ({ type }: TestUnit): boolean => type.endsWith('freezer')

const zones: Record<string, string> = { Berlin: 'Europe/Berlin', Chicago: 'America/Chicago' }

export async function fillRegistry(sql: Sql): Promise<void> {
  await insert(sql, 'organizations', [
    {
      id: idOf('acme'),
      slug: 'acme',
      name: 'Acme Foods',
      time_zone: 'Europe/Berlin',
      compliance_mode: 'haccp',
      ...times,
    },
    {
      id: idOf('zeta'),
      slug: 'zeta',
      name: 'Zeta Pharma',
      time_zone: 'UTC',
      compliance_mode: 'standard',
      ...times,
    },
  ])
  const sites = ['Berlin', 'Chicago']
  await insert(sql, 'sites', [
    ...sites.map((name) => place('acme', name, { time_zone: name === 'Berlin' ? null : zones[name] })),
    place('zeta', 'Warehouse', { time_zone: null }),
  ])
  await insert(
    sql,
    'areas',
    sites.map((name) => ({ ...place('acme', `${name} floor`, {}), site_id: idOf(name), sort_order: 0 })),
  )
  await insert(
    sql,
    'units',
    units.map(({ unit, site, type }, index) => ({
      ...place('acme', unit, { site_id: idOf(site), area_id: idOf(`${site} floor`), unit_type: type }),
      temperature_unit: 'C',
      sort_order: index,
    })),
  )
  await fillDevices(sql)
  await fillRules(sql)
}

const times = { created_at: minutesAgo(50_000), updated_at: minutesAgo(50_000) }
const place = (organization: string, name: string, more: object) => ({
  id: idOf(name),
  organization_id: idOf(organization),
  slug: name.toLowerCase().replaceAll(' ', '-'),
  name,
  ...times,
  ...more,
})

async function fillDevices(sql: Sql): Promise<void> {
  const devices = units.flatMap(({ unit }) =>
    ['probe', 'door'].map((kind) => ({ unit, kind, name: `${unit}-${kind}` })),
  )
  await insert(
    sql,
    'devices',
    devices.map(({ name }, index) => ({
      id: idOf(name),
      organization_id: idOf('acme'),
      dev_eui: `A8404100000000${index.toString(16).padStart(2, '0').toUpperCase()}`,
      name,
      vendor: 'Dragino',
      model: 'LHT65',
      ...times,
    })),
  )
  await insert(
    sql,
    'device_assignments',
    devices.map(({ unit, kind, name }) => ({
      device_id: idOf(name),
      valid_from: minutesAgo(45_000),
      organization_id: idOf('acme'),
      unit_id: idOf(unit),
      kind: kind === 'door' ? 'door' : 'temperature',
      calibration_offset_c: kind === 'door' ? 0 : -0.2,
    })),
  )
}

async function fillRules(sql: Sql): Promise<void> {
  const rule = (scope: string, more: object) => ({
    id: idOf('rule', scope),
    organization_id: idOf('acme'),
    site_id: null,
    unit_id: null,
    valid_from: minutesAgo(44_000),
    temp_min_c: null,
    temp_max_c: null,
    excursion_confirm_minutes_door_closed: null,
    expected_reading_interval_seconds: null,
    offline_trigger_multiplier: null,
    severity: null,
    created_at: minutesAgo(44_000),
    ...more,
  })
  await insert(sql, 'alert_rules', [
    rule('organization', {
      temp_min_c: 0,
      temp_max_c: 8,
      excursion_confirm_minutes_door_closed: 15,
      expected_reading_interval_seconds: 600,
      offline_trigger_multiplier: 2.5,
      severity: 'warning',
    }),
    rule('site', { site_id: idOf('Chicago'), temp_max_c: 5, valid_from: minutesAgo(3_000) }),
    ...units
      .filter(isFreezing)
      .map(({ unit }) => rule(unit, { unit_id: idOf(unit), temp_min_c: -25, temp_max_c: -18 })),
    // Not yet in force: nobody may see it.
    rule('later', { temp_min_c: -99, temp_max_c: 99, valid_from: new Date(NOW.getTime() + 60_000) }),
  ])
}

/** What the sink would have written for these units by `NOW`. */
export async function fillTelemetry(sql: Sql): Promise<void> {
  await insert(sql, 'sensor_readings', units.flatMap(readingsOf))
  await insert(sql, 'unit_status_changes', units.flatMap(statusesOf))
  await insert(sql, 'door_events', [
    rows.doorEvent('Dairy wall', minutesAgo(70), true),
    rows.doorEvent('Dairy wall', minutesAgo(62), false),
    rows.doorEvent('Walk-in 1', minutesAgo(11), true),
  ])
  await insert(sql, 'excursions', [
    rows.excursion('Dairy wall', minutesAgo(2_000), {
      ended_at: minutesAgo(1_960),
      duration_seconds: 2_400,
      confirmed_at: minutesAgo(1_985),
    }),
    rows.excursion('Dairy wall', minutesAgo(40), {
      state: 'open',
      confirmed_at: minutesAgo(25),
      as_of: minutesAgo(1),
    }),
    rows.excursion('Walk-in 1', minutesAgo(8), { state: 'open' }),
    rows.excursion('Salad bar', minutesAgo(500), { state: 'retracted', ended_at: minutesAgo(480) }),
  ])
  await insert(sql, 'door_openings', [
    rows.doorOpening('Dairy wall', minutesAgo(70), { closed_at: minutesAgo(62), duration_seconds: 480 }),
    rows.doorOpening('Walk-in 1', minutesAgo(11), { state: 'open', warning_at: minutesAgo(6) }),
  ])
  await insert(sql, 'silences', [
    rows.silence('Freezer 2', minutesAgo(220), { critical_at: minutesAgo(190) }),
    rows.silence('Dairy wall', minutesAgo(900), {
      state: 'closed',
      ended_at: minutesAgo(840),
      duration_seconds: 3_600,
      missed_checkins: 6,
    }),
  ])
  await insert(sql, 'alerts', [
    rows.alert('Dairy wall', minutesAgo(20)),
    rows.alert('Salad bar', minutesAgo(300), { status: 'retracted' }),
  ])
  await insert(sql, 'rollups', rollupsOf('Dairy wall'))
}

function readingsOf(unit: TestUnit) {
  if (unit.status === null) return []
  const silentMinutes = unit.status === 'offline' ? 220 : unit.status === 'monitoring_interrupted' ? 42 : 1
  const count = unit.unit === 'Dairy wall' ? 600 : 150
  return Array.from({ length: count }, (_, index) => {
    const ago = silentMinutes + index * 10
    const isWarm = unit.status === 'alarm_active' && ago < 42
    const base = isFreezing(unit) ? -20 : isWarm ? 9.6 : 4
    return rows.reading({
      unit: unit.unit,
      device: `${unit.unit}-probe`,
      at: minutesAgo(ago),
      temperatureC: base + Math.sin(ago / 37) * 0.8,
      humidity: 55 + Math.cos(ago / 50) * 5,
    })
  })
}

function statusesOf({ unit, status, since }: TestUnit) {
  if (status === null) return []
  const retracted = rows.statusChange(unit, minutesAgo(1), 'alarm_active', { retracted: true })
  return [
    rows.statusChange(unit, minutesAgo(10_000), 'ok'),
    ...(status === 'ok' ? [] : [rows.statusChange(unit, minutesAgo(since), status)]),
    ...(unit === 'Salad bar' ? [retracted] : []),
  ]
}

function rollupsOf(unit: string) {
  const hours = Array.from({ length: 48 }, (_, index) => {
    const start = minutesAgo(60 * (48 - index))
    return rows.rollup(unit, 'hour', start, new Date(start.getTime() + 3_600_000), hourOf(index))
  })
  const [day, next] = [new Date('2026-02-01T23:00:00Z'), new Date('2026-02-02T23:00:00Z')]
  const retracted = rows.rollup(unit, 'hour', minutesAgo(60 * 60), minutesAgo(60 * 59), { retracted: true })
  return [
    ...hours,
    retracted,
    rows.rollup(unit, 'day', day, next, { ...hourOf(0), known_seconds: 86_400 / 2 }),
  ]
}

function hourOf(index: number) {
  const temperatureC = 4 + (index % 6) / 10
  return {
    is_final: index < 46,
    reading_count: 6,
    min_c: temperatureC - 0.5,
    max_c: temperatureC + 0.5,
    sum_c: temperatureC * 6,
    sum_squares_c2: temperatureC ** 2 * 6,
    known_seconds: 3_600,
    weighted_sum_c_seconds: temperatureC * 3_600,
    mkt_numerator: 3_600 * Math.exp(-10_000 / (temperatureC + 273.15)),
    mkt_denominator: 3_600,
    humidity_count: 6,
    humidity_sum: 6 * 55,
    humidity_min: 52,
    humidity_max: 58,
    door_openings: index % 3,
    door_open_seconds: (index % 3) * 45,
  }
}
