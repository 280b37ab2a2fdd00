// What a schema cannot say about a fleet file: names that must differ, references, zones, limits against each other,
// versions in order. It reads a file that may break the schema elsewhere, since all problems are reported together.
import type { DeclaredDevice, DeclaredRule, Fleet, Path, Problem, Ruled } from './declared.ts'
import { withPreset } from './with-preset.ts'

type Loose = Record<string, unknown>
type Report = (path: Path, text: string) => void

const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The entries of a list that are objects, with their places. */
function* entries(parent: Loose, key: string, path: Path): Generator<[Loose, Path]> {
  const list = parent[key]
  if (!Array.isArray(list)) return
  for (const [index, item] of list.entries()) if (isObject(item)) yield [item, [...path, key, index]]
}

export function checkFleet(fleet: Fleet): Problem[] {
  const problems: Problem[] = []
  const report: Report = (path, text) => problems.push({ path, text })
  if (!isObject(fleet)) return problems
  const organizations = [...entries(fleet, 'organizations', [])]
  checkDistinct(organizations, 'slug', 'organization', report)
  checkDistinct(devicesOf(organizations), 'devEui', 'device', report)
  for (const [organization, path] of organizations) checkOrganization(organization, path, report)
  return problems
}

function devicesOf(organizations: [Loose, Path][]): [Loose, Path][] {
  return organizations
    .flatMap((entry) => unitsOf(...entry))
    .flatMap(({ unit: [unit, path] }) => [...entries(unit, 'devices', path)])
}

type UnitPlace = { unit: [Loose, Path]; site: Loose }

function unitsOf(organization: Loose, path: Path): UnitPlace[] {
  const sites = [...entries(organization, 'sites', path)]
  return sites.flatMap(([site, sitePath]) =>
    [...entries(site, 'areas', sitePath)].flatMap((area) =>
      [...entries(area[0], 'units', area[1])].map((unit) => ({ unit, site })),
    ),
  )
}

function checkOrganization(organization: Loose, path: Path, report: Report): void {
  const sites = [...entries(organization, 'sites', path)]
  checkZone(organization, path, report)
  checkRules(organization, path, report)
  checkDistinct(sites, 'slug', 'site of this organization', report)
  for (const [site, sitePath] of sites) checkSite(site, sitePath, report)
  const units = unitsOf(organization, path)
  const known = new Set(units.map(({ unit, site }) => `${site.slug}/${unit[0].slug}`))
  for (const { unit, site } of units) {
    checkRules(unit[0], unit[1], report)
    checkEffectiveLimits([organization, site, unit[0]], unit[1], report)
    for (const [device, devicePath] of entries(unit[0], 'devices', unit[1]))
      checkDevice(device, devicePath, known, report)
  }
}

function checkSite(site: Loose, path: Path, report: Report): void {
  const areas = [...entries(site, 'areas', path)]
  checkZone(site, path, report)
  checkRules(site, path, report)
  checkDistinct(areas, 'slug', 'area of this site', report)
  const units = areas.flatMap(([area, areaPath]) => [...entries(area, 'units', areaPath)])
  checkDistinct(units, 'slug', 'unit of this site', report)
}

function checkDistinct(list: [Loose, Path][], key: string, what: string, report: Report): void {
  const seen = new Set<string>()
  for (const [item, path] of list) {
    const value = item[key]
    if (typeof value !== 'string') continue
    const same = value.toUpperCase()
    if (seen.has(same)) report([...path, key], `${value} is already that of another ${what}`)
    seen.add(same)
  }
}

function checkZone({ timeZone }: Loose, path: Path, report: Report): void {
  if (typeof timeZone !== 'string' || isZone(timeZone)) return
  report([...path, 'timeZone'], `${timeZone} is no IANA time zone, such as Europe/Berlin`)
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return /^[A-Z]/.test(name) // "+01:00" is none, and small letters are another spelling of the same
  } catch {
    return false
  }
}

function checkRules({ rule, ruleHistory }: Loose & Ruled, path: Path, report: Report): void {
  if (isObject(rule)) checkLimits(rule, [...path, 'rule'], report)
  if (!Array.isArray(ruleHistory)) return
  for (const [index, earlier] of ruleHistory.entries())
    if (isObject(earlier)) checkLimits(earlier, [...path, 'ruleHistory', index], report)
  checkOrder([...ruleHistory, rule], [...path, 'ruleHistory'], [...path, 'rule'], report)
}

function checkLimits(rule: Loose, path: Path, report: Report): void {
  const { tempMin, tempMax, budgets } = withPreset(rule)
  if (Array.isArray(budgets)) checkBudgets({ budgets }, path, report)
  if (typeof tempMin === 'number' && typeof tempMax === 'number' && tempMin > tempMax)
    report([...path, 'tempMin'], `${tempMin} is above tempMax ${tempMax}`)
}

function checkBudgets(rule: Loose, path: Path, report: Report): void {
  const budgets = [...entries(rule, 'budgets', path)]
  checkDistinct(budgets, 'name', 'budget of this rule', report)
  for (const [{ over, lot }, place] of budgets) {
    if (over === 'lot' && lot === undefined) report(place, 'is over a lot and needs lot: which one')
    if (over !== 'lot' && typeof lot === 'string') report([...place, 'lot'], 'goes with over: lot only')
  }
}

/** A unit's own limits may fit, and yet meet an inherited one that does not. */
function checkEffectiveLimits(scopes: Loose[], path: Path, report: Report): void {
  const rules = scopes.map(({ rule }) => (isObject(rule) ? withPreset(rule) : {})) as DeclaredRule[]
  const effective = (name: string) => rules.findLast((rule) => typeof rule[name] === 'number')
  const [low, high] = [effective('tempMin'), effective('tempMax')]
  if (low === undefined || high === undefined || low === high) return
  if (Number(low.tempMin) > Number(high.tempMax))
    report(path, `has the effective tempMin ${low.tempMin} above tempMax ${high.tempMax}: one is inherited`)
}

/** Versions ascend; only the first may hold from the beginning. */
function checkOrder(versions: unknown[], historyPath: Path, currentPath: Path, report: Report): void {
  const last = versions.length - 1
  let previousMs = Number.NEGATIVE_INFINITY
  for (const [index, version] of versions.entries()) {
    const path = index === last ? currentPath : [...historyPath, index]
    const { validFrom } = isObject(version) ? version : {}
    const atMs = typeof validFrom === 'string' ? Date.parse(validFrom) : index === 0 ? 0 : Number.NaN
    if (validFrom === undefined && index > 0)
      report(path, 'needs validFrom, since there is a version before it')
    else if (atMs <= previousMs)
      report([...path, 'validFrom'], 'must be later than that of the version before it')
    previousMs = Number.isNaN(atMs) ? previousMs : atMs
  }
}

function checkDevice(device: Loose, path: Path, units: ReadonlySet<string>, report: Report): void {
  const { history } = device as Partial<DeclaredDevice>
  if (!Array.isArray(history)) return
  for (const [index, placement] of history.entries()) {
    const unit = isObject(placement) ? placement.unit : undefined
    if (typeof unit === 'string' && !units.has(unit))
      report([...path, 'history', index, 'unit'], `${unit} is no unit of this organization: give site/unit`)
  }
  checkOrder([...history, device], [...path, 'history'], path, report)
}
