"""What was a site like? Asks Coldstream over plain HTTP, with nothing but Python's own library (3.9 or later).

    COLDSTREAM_URL=http://localhost:3000 COLDSTREAM_KEY=cs_... python3 site_report.py SITE 2026-01-01T00:00:00Z 2026-02-01T00:00:00Z

SITE is a site's id. Without COLDSTREAM_KEY it asks an API that is open. Prints the days of the site, its worst units, and how
the readings of the worst one are spread. Instants are UTC, temperatures °C; `to` is exclusive.
"""

import json
import os
import statistics
import sys
import urllib.error
import urllib.parse
import urllib.request

URL = os.environ.get("COLDSTREAM_URL", "http://localhost:3000")
KEY = os.environ.get("COLDSTREAM_KEY")

SITE = """
query Site($id: ID!, $from: DateTime!, $to: DateTime!, $after: String) {
  site(id: $id) {
    name timeZone
    rollups(granularity: DAY, from: $from, to: $to, gaps: NULLS, first: 100, after: $after) {
      nodes { start unitCount min max timeWeightedMean mkt coverage secondsAbove secondsBelow }
      pageInfo { hasNextPage endCursor }
    }
    topUnits(by: TIME_OUT_OF_RANGE, from: $from, to: $to, first: 3) { seconds unit { id name } }
  }
}
"""


def send(path, body=None):
    """The answer to a request, open for reading; ends with what the server says where it refuses."""
    headers = {"content-type": "application/json"} if body else {}
    if KEY:
        headers["authorization"] = f"Bearer {KEY}"
    data = json.dumps(body).encode() if body else None
    try:
        return urllib.request.urlopen(urllib.request.Request(URL + path, data, headers), timeout=60)
    except urllib.error.HTTPError as refused:
        sys.exit(f"{refused.code}: {refused.read().decode()}")


def ask(query, **variables):
    """Data of a GraphQL query."""
    with send("/graphql", {"query": query, "variables": variables}) as response:
        answer = json.load(response)
    if answer.get("errors"):
        sys.exit("\n".join(f"{e['message']} {e['extensions']['advice']}" for e in answer["errors"]))
    return answer["data"]


def days_and_worst(site_id, start, end):
    """All pages of the site's days: a cursor goes on where the page before it ended."""
    days, after = [], None
    while True:
        site = ask(SITE, id=site_id, **{"from": start, "to": end, "after": after})["site"]
        if site is None:
            sys.exit(f"There is no site {site_id}.")
        days += site["rollups"]["nodes"]
        if not site["rollups"]["pageInfo"]["hasNextPage"]:
            return site, days
        after = site["rollups"]["pageInfo"]["endCursor"]


def readings(unit_id, start, end):
    """Every reading of a unit, one JSON object a line: the server sends as fast as this reads, a year needs no memory."""
    query = {"unit": unit_id, "from": start, "to": end, "format": "ndjson"}
    with send("/api/exports/readings?" + urllib.parse.urlencode(query)) as lines:
        for line in lines:
            yield json.loads(line)


def main(site_id, start, end):
    site, days = days_and_worst(site_id, start, end)
    print(f"{site['name']} ({site['timeZone']}), {len(days)} days")
    for day in days:
        if day["unitCount"] == 0:
            print(f"  {day['start'][:10]}  nothing was measured")
            continue
        # A day's MKT is made of the sums of its units: never the mean of their MKTs.
        print(
            f"  {day['start'][:10]}  {day['min'] or 0:6.1f} to {day['max'] or 0:5.1f} °C, MKT {day['mkt'] or 0:5.1f} °C, "
            f"known {100 * (day['coverage'] or 0):5.1f} %, out of range {(day['secondsAbove'] + day['secondsBelow']) / 60:.0f} min"
        )
    for place, worst in enumerate(site["topUnits"], start=1):
        print(f"{place}. {worst['unit']['name']}: {worst['seconds'] / 60:.0f} min out of range")
    if site["topUnits"]:
        unit = site["topUnits"][0]["unit"]
        known = [r["temperature_c"] for r in readings(unit["id"], start, end) if r["temperature_c"] is not None]
        if len(known) > 1:
            low, middle, high = statistics.quantiles(known, n=4)
            print(f"{unit['name']}: {len(known)} readings, half of them between {low:.1f} and {high:.1f} °C, median {middle:.1f} °C")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
