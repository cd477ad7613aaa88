"""Reads what a pool has written, with the parsers that others use, and compares the two texts.

usage: pool_metrics.py PROMETHEUS-FILE JSON-FILE [MEMBER=NUMBER]...

Exit status 77: the parser for Prometheus is not installed.
"""

import json
import sys

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    sys.exit(77)


def check(condition, *what):
    if not condition:
        sys.exit("pool_metrics: " + " ".join(str(each) for each in what))


def unique(pairs):
    members = dict(pairs)
    check(len(members) == len(pairs), "a member twice:", pairs)
    return members


def no_number(text):
    check(False, "not a number in JSON:", text)


def read_json(path):
    with open(path, encoding="utf-8", errors="strict") as file:
        return json.load(file, object_pairs_hook=unique, parse_constant=no_number)


def check_histogram(family):
    buckets = [(float(s.labels["le"]), s.value) for s in family.samples if s.name.endswith("_bucket")]
    totals = {s.name[len(family.name):]: s.value for s in family.samples if "le" not in s.labels}
    check(buckets == sorted(buckets) and len(set(buckets)) == len(buckets), family.name, "is not in order:", buckets)
    check([value for _, value in buckets] == sorted(value for _, value in buckets), family.name, "is not summed up")
    check(buckets[-1] == (float("inf"), totals["_count"]), family.name, "does not end with +Inf and its count")
    check(set(totals) == {"_sum", "_count"}, family.name, "has", totals)


def read_prometheus(path, name):
    """Returns the samples: {name: {the value of the label beside the pool, or None: value}}.

    Control characters, which JSON escapes, are replaced there, but for the newline."""
    pool = "".join(each if each >= " " and each != "\x7f" or each == "\n" else "\ufffd" for each in name)
    with open(path, encoding="utf-8", errors="strict", newline="") as file:
        text = file.read()
    check(text.endswith("\n"), "the last line does not end")
    samples, families = {}, set()
    for family in text_string_to_metric_families(text):
        check(family.name not in families, family.name, "comes twice")
        families.add(family.name)
        check(family.name.startswith("rove_pool_"), "a foreign name:", family.name)
        check(family.documentation and family.type in ("gauge", "counter", "histogram"), family)
        if family.type == "histogram":
            check_histogram(family)
        for sample in family.samples:
            labels = dict(sample.labels)
            check(labels.pop("pool") == pool, "not the pool", repr(pool), "in", sample)
            check(len(labels) <= 1 and sample.value >= 0, sample)
            values = samples.setdefault(sample.name, {})
            label = next(iter(labels.values()), None)
            check(label not in values, "a sample twice:", sample)
            values[label] = sample.value
    return samples


def compare(samples, members):
    def same(name, label, number):
        found = samples.get("rove_pool_" + name, {}).get(label)
        check(found == number, name, label, "is", found, "but in JSON", number)

    for name in ("queued", "queued_most", "held", "running", "results_unread"):
        same(name, None, members[name])
    for name in ("submitted", "discarded", "retried", "helped", "moved", "stuck"):
        same("jobs_" + name + "_total", None, members[name])
    for name in ("completed", "failed", "canceled", "timed_out", "crashed"):
        same("jobs_ended_total", name, members[name])
    for name in ("full", "closed"):
        same("submissions_refused_total", name, members["refused_" + name])
    same("results_dropped_total", None, members["results_dropped"])
    same("capacity", None, float("inf") if members["capacity"] is None else members["capacity"])
    same("state", None, ["open", "draining", "stopping", "closed"].index(members["state"]))
    for worker in members["workers"]:
        same("worker_runs_total", str(worker["worker"]), worker["runs"])
    for index, lane in enumerate(members["lanes"]):
        same("lane_jobs_total", str(index), lane["total"])
        same("lane_active", str(index), lane["active"])
    for name, member in (("waiting_seconds", "waiting"), ("run_seconds", "run_time")):
        if member not in members:
            check("rove_pool_" + name + "_count" not in samples, name, "is in one text only")
            continue
        histogram = members[member]
        same(name + "_count", None, histogram["count"])
        check(abs(samples["rove_pool_" + name + "_sum"][None] * 1e9 - histogram["sum_ns"]) < 1000, name, "sum")
        check(sum(bucket["count"] for bucket in histogram["buckets"]) == histogram["count"], member, "buckets")


def main():
    members = read_json(sys.argv[2])
    compare(read_prometheus(sys.argv[1], members["pool"]), members)
    for wanted in sys.argv[3:]:
        name, number = wanted.split("=")
        check(members[name] == int(number), name, "is", members[name], "and not", number)


main()
