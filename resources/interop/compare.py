"""Compares rows that an engine has read with the records that they were."""
import json


def undecided(v):
    if isinstance(v, list):
        return all(undecided(x) for x in v)
    if isinstance(v, dict):
        return all(undecided(x) for x in v.values())
    return v is None


def same(want, got):
    if undecided(want) and (undecided(got) or got == ""):
        return True
    if isinstance(want, dict) and isinstance(got, dict):
        return all(same(want.get(k), got.get(k)) for k in {*want, *got})
    if isinstance(want, list) and isinstance(got, list):
        return len(want) == len(got) and all(same(a, b) for a, b in zip(want, got))
    if isinstance(got, str) and not isinstance(want, str):
        return json.loads(got) == want  # a column of text has other values as JSON
    return want == got


def differ(rows, expected, only=None, without=()):
    """Says how rows differ from records, which are found by their id; None if they do
    not. Of some readers only some columns are compared."""
    if len(rows) != len(expected):
        return f"{len(rows)} rows, not {len(expected)}"
    for row in rows:
        want = expected[int(row["id"])]
        for name in {*row, *want} if only is None else only:
            if name.lower() not in without and not same(want.get(name), row.get(name)):
                return f"{name} is {row.get(name)!r}, not {want.get(name)!r} ({want})"
    return None
