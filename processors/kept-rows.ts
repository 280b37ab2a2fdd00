// The rows of a list in a record that is written at once, filled anew for the next record: a state is saved at each commit
// that changes it, and some thirty small objects for each of these were a tenth of all garbage.

export class KeptRows<Row> {
  readonly #make: () => Row
  readonly #rows: Row[] = []
  #count = 0

  constructor(make: () => Row) {
    this.#make = make
  }

  get count(): number {
    return this.#count
  }

  clear(): void {
    this.#count = 0
  }

  /** The next row: all of its fields are to be set. */
  add(): Row {
    const at = this.#count++
    const row = this.#rows[at]
    if (row !== undefined) return row
    const made = this.#make()
    this.#rows.push(made)
    return made
  }

  at(place: number): Row {
    return this.#rows[place] as Row
  }

  /** Good until they are cleared. */
  all(): Row[] {
    return this.#rows.slice(0, this.#count)
  }
}
