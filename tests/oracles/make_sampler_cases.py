#!/usr/bin/env python3
"""Makes src/generate/sampler_cases.json, the expected values of the samplers.

Each case has logits, parameters, a chain, the accepted tokens and stop ids, and
what must come of it: the ids that are left with their probabilities, computed
here in float64 from the published definitions, plainly (full sorts, quadratic
loops). Where llama-cpp-python is installed, every case that its samplers can
express is run through them too, by ctypes, and the script fails on a
difference: other ids, or probabilities more than 2e-5 apart (it computes in
float32). Cases whose outcome hangs on rounding are not used: the ids must stay
the same if each threshold moves by 1e-4.

  python3 tests/oracles/make_sampler_cases.py [--without-llama]
"""

import argparse
import ctypes
import json
import math
import pathlib
import sys

import numpy as np

OUT = pathlib.Path(__file__).parents[2] / "src/generate/sampler_cases.json"
DEFAULTS = dict(
    temp=1.0, dynatemp_range=0.0, dynatemp_exponent=1.0, top_k=0, top_p=1.0,
    min_p=0.0, typ_p=1.0, top_n_sigma=0.0, xtc_probability=0.0,
    xtc_threshold=0.1, min_keep=0, repeat_last_n=64, repeat_penalty=1.0,
    frequency_penalty=0.0, presence_penalty=0.0, dry_multiplier=0.0,
    dry_base=1.75, dry_allowed_length=2, dry_penalty_last_n=64, mirostat=0,
    mirostat_ent=5.0)
ORDER = ["penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p",
         "xtc", "temperature"]


# The definitions. RACE maps the ids still in the race to their logits.

def ranked(race):
    return sorted(race, key=lambda i: (-race[i], i))


def probabilities(race):
    top = max(race.values())
    weights = {i: math.exp(x - top) for i, x in race.items()}
    total = math.fsum(weights.values())
    return {i: w / total for i, w in weights.items()}


def entropy(p):
    return -math.fsum(x * math.log(x) for x in p.values() if x > 0)


def prefix(race, order, reached, min_keep):
    """The shortest beginning of ORDER whose probability is REACHED."""
    p = probabilities(race)
    kept, total = {}, 0.0
    for i in order:
        kept[i] = race[i]
        total += p[i]
        if reached(total) and len(kept) >= min_keep:
            break
    return kept


def top_k(race, c, nudge):
    return {i: race[i] for i in ranked(race)[:c["top_k"]]}


def top_p(race, c, nudge):
    limit = c["top_p"] + nudge
    return prefix(race, ranked(race), lambda s: s >= limit, c["min_keep"])


def min_p(race, c, nudge):
    p = probabilities(race)
    limit = c["min_p"] * max(p.values()) * (1 + nudge)
    kept = {i: x for i, x in race.items() if p[i] >= limit}
    if len(kept) < c["min_keep"]:
        kept = {i: race[i] for i in ranked(race)[:c["min_keep"]]}
    return kept


def typ_p(race, c, nudge):
    p = probabilities(race)
    h = entropy(p)
    order = sorted(race, key=lambda i: (abs(-math.log(p[i]) - h), i))
    limit = c["typ_p"] + nudge
    return prefix(race, order, lambda s: s > limit, c["min_keep"])


def top_n_sigma(race, c, nudge):
    limit = max(race.values()) - (c["top_n_sigma"] + nudge) * np.std(
        np.array(list(race.values())))
    return {i: x for i, x in race.items() if x >= limit}


def xtc(race, c, nudge):
    p = probabilities(race)
    above = [i for i in ranked(race)
             if p[i] >= c["xtc_threshold"] + nudge and i not in c["stop_ids"]]
    gone = above[:-1]
    if len(race) - len(gone) < c["min_keep"]:
        return race
    return {i: x for i, x in race.items() if i not in gone}


def temperature(race, c, nudge):
    t = c["temp"]
    if c["dynatemp_range"] > 0 and t > 0:
        if len(race) < 2:
            return race
        low, high = max(0.0, t - c["dynatemp_range"]), t + c["dynatemp_range"]
        share = entropy(probabilities(race)) / math.log(len(race))
        t = low + (high - low) * share ** c["dynatemp_exponent"]
    if t == 0:
        best = ranked(race)[0]
        return {best: race[best]}
    return {i: x / t for i, x in race.items()}


def window(history, last_n):
    if last_n < 0:
        return history
    return history[max(0, len(history) - last_n):]


def penalties(race, c, nudge):
    seen = window(c["history"], c["repeat_last_n"])
    out = dict(race)
    for i in set(seen) & set(race):
        if i in c["stop_ids"]:
            continue
        x = out[i]
        x = x * c["repeat_penalty"] if x <= 0 else x / c["repeat_penalty"]
        out[i] = (x - seen.count(i) * c["frequency_penalty"]
                  - c["presence_penalty"])
    return out


def behind_last_breaker(seen, breakers):
    for begin in range(len(seen) - 1, -1, -1):
        lengths = [len(b) for b in breakers
                   if seen[begin:begin + len(b)] == b]
        if lengths:
            return len(seen) - begin - max(lengths)
    return len(seen)


def dry(race, c, nudge):
    seen = window(c["history"], c["dry_penalty_last_n"])
    allowed = c["dry_allowed_length"]
    limit = behind_last_breaker(seen, c["dry_breakers"])
    if len(seen) <= allowed or limit < allowed:
        return race
    longest = {}
    for end in range(1, len(seen)):
        n = 0
        while n < end and seen[end - 1 - n] == seen[-1 - n]:
            n += 1
        n = min(n, limit)
        if n >= allowed:
            longest[seen[end]] = max(n, longest.get(seen[end], 0))
    out = dict(race)
    for i, n in longest.items():
        if i in race and i not in c["stop_ids"] and [i] not in c["dry_breakers"]:
            out[i] -= c["dry_multiplier"] * c["dry_base"] ** (n - allowed)
    return out


def mirostat(race, c, nudge):
    mu = 2 * c["mirostat_ent"] + nudge
    p = probabilities(race)
    order = ranked(race)
    if c["mirostat"] == 2:
        kept = [i for i in order if -math.log2(p[i]) <= mu] or order[:1]
        return {i: race[i] for i in kept}
    head = order[:100]
    t = [math.log((k + 2) / (k + 1)) for k in range(len(head) - 1)]
    b = [math.log(p[head[k]] / p[head[k + 1]]) for k in range(len(head) - 1)]
    s = sum(x * y for x, y in zip(t, b)) / sum(x * x for x in t)
    e = s - 1
    k = (e * 2 ** mu / (1 - len(c["logits"]) ** -e)) ** (1 / s)
    return {i: race[i] for i in order[:max(1, int(k))]}


def on(stage, c):
    return {
        "penalties": c["repeat_last_n"] != 0 and (
            c["repeat_penalty"] != 1 or c["frequency_penalty"] != 0
            or c["presence_penalty"] != 0),
        "dry": c["dry_multiplier"] != 0 and c["dry_penalty_last_n"] != 0,
        "top_n_sigma": c["top_n_sigma"] > 0,
        "top_k": c["top_k"] > 0,
        "typ_p": c["typ_p"] < 1,
        "top_p": c["top_p"] < 1,
        "min_p": c["min_p"] > 0,
        "xtc": c["xtc_probability"] > 0 and c["xtc_threshold"] <= 0.5,
        "temperature": True,
        "mirostat": c["mirostat"] != 0,
    }[stage]


def run(c, nudge=0.0):
    race = {i: float(x) for i, x in enumerate(c["logits"]) if x is not None}
    for stage in c["chain"]:
        if on(stage, c):
            race = globals()[stage](race, c, nudge)
    return probabilities(race)


# The same through llama.cpp's samplers.

class Llama:
    def __init__(self):
        import llama_cpp
        self.api = llama_cpp
        lib = llama_cpp.llama_cpp._lib
        # Takes token sequences as breakers; C++, so its vectors are built here:
        # three pointers each.
        self.dry_testing = lib[
            "_Z30llama_sampler_init_dry_testingffiiRKSt6vectorIS_IiSaIiEESaIS1_EE"]
        self.dry_testing.restype = llama_cpp.llama_sampler_p_ctypes
        self.dry_testing.argtypes = [ctypes.c_float, ctypes.c_float,
                                     ctypes.c_int32, ctypes.c_int32,
                                     ctypes.c_void_p]

    @staticmethod
    def vector(array):
        begin = ctypes.addressof(array)
        end = begin + ctypes.sizeof(array)
        return (ctypes.c_void_p * 3)(begin, end, end)

    def make_dry(self, c):
        sequences = [(ctypes.c_int32 * len(b))(*b) for b in c["dry_breakers"]]
        inner = [self.vector(s) for s in sequences]
        flat = (ctypes.c_void_p * (3 * len(inner)))(
            *[p for v in inner for p in v])
        outer = self.vector(flat)
        return self.dry_testing(c["dry_multiplier"], c["dry_base"],
                                c["dry_allowed_length"],
                                c["dry_penalty_last_n"], outer)

    def make(self, stage, c):
        a, keep = self.api, c["min_keep"]
        n = len(c["logits"])
        return {
            "penalties": lambda: a.llama_sampler_init_penalties(
                n, c["repeat_last_n"], c["repeat_penalty"],
                c["frequency_penalty"], c["presence_penalty"]),
            "dry": lambda: self.make_dry(c),
            "top_n_sigma": lambda: a.llama_sampler_init_top_n_sigma(
                c["top_n_sigma"]),
            "top_k": lambda: a.llama_sampler_init_top_k(c["top_k"]),
            "typ_p": lambda: a.llama_sampler_init_typical(c["typ_p"], keep),
            "top_p": lambda: a.llama_sampler_init_top_p(c["top_p"], keep),
            "min_p": lambda: a.llama_sampler_init_min_p(c["min_p"], keep),
            "xtc": lambda: a.llama_sampler_init_xtc(
                c["xtc_probability"], c["xtc_threshold"], keep, 1),
            "temperature": lambda: a.llama_sampler_init_temp_ext(
                c["temp"], c["dynatemp_range"], c["dynatemp_exponent"]),
            "mirostat": lambda: (
                a.llama_sampler_init_mirostat(n, 1, c["mirostat_ent"], 0.1, 100)
                if c["mirostat"] == 1 else
                a.llama_sampler_init_mirostat_v2(1, c["mirostat_ent"], 0.1)),
        }[stage]()

    @staticmethod
    def can_express(c):
        """False where llama.cpp means something else.

        It exempts no stop id. Tokens that top_n_sigma removes stay in its list
        with a logit of -infinity: typ_p then computes 0 * ln 0, and dynamic
        temperature counts them among the candidates.
        """
        chain = [s for s in c["chain"] if on(s, c)]
        behind = (chain[chain.index("top_n_sigma"):]
                  if "top_n_sigma" in chain else [])
        exempt = set(chain) & {"penalties", "dry", "xtc"}
        return not (
            (c["stop_ids"] and exempt) or "typ_p" in behind
            or ("temperature" in behind and c["dynatemp_range"] > 0)
            or None in c["logits"] or c["name"].startswith("ties")
            or (c["dynatemp_range"] > 0 and c["temp"] == 0)
            or c["repeat_last_n"] < 0 or c["dry_penalty_last_n"] < 0)

    def run(self, c):
        a = self.api
        n = len(c["logits"])
        data = (a.llama_token_data * n)()
        for i, x in enumerate(c["logits"]):
            data[i] = a.llama_token_data(i, x, 0.0)
        array = a.llama_token_data_array(data, n, -1, False)
        for stage in c["chain"]:
            if not on(stage, c):
                continue
            sampler = self.make(stage, c)
            for token in c["history"]:
                a.llama_sampler_accept(sampler, token)
            a.llama_sampler_apply(sampler, ctypes.byref(array))
            a.llama_sampler_free(sampler)
        race = {array.data[i].id: array.data[i].logit
                for i in range(array.size)}
        race = {i: x for i, x in race.items() if x > -1e30}
        return probabilities(race)


# The cases.

def settings(stage, rng):
    """Random parameters that turn STAGE on."""
    u = rng.uniform
    return {
        "penalties": lambda: dict(
            repeat_last_n=int(rng.choice([-1, 4, 16, 64])),
            repeat_penalty=round(u(0.8, 1.5), 3),
            frequency_penalty=round(u(-0.5, 1), 3),
            presence_penalty=round(u(-0.5, 1), 3)),
        "dry": lambda: dict(
            dry_multiplier=round(u(0.2, 1.5), 3), dry_base=round(u(1, 2.5), 3),
            dry_allowed_length=int(rng.integers(0, 5)),
            dry_penalty_last_n=int(rng.choice([-1, 8, 30, 200]))),
        "top_n_sigma": lambda: dict(top_n_sigma=round(u(0.2, 3), 3)),
        "top_k": lambda: dict(top_k=int(rng.integers(1, 60))),
        "typ_p": lambda: dict(typ_p=round(u(0.1, 0.99), 3)),
        "top_p": lambda: dict(top_p=round(u(0.1, 0.99), 3)),
        "min_p": lambda: dict(min_p=round(u(0.01, 0.5), 3)),
        "xtc": lambda: dict(xtc_probability=1.0,
                            xtc_threshold=round(u(0.01, 0.3), 3)),
        "temperature": lambda: dict(
            temp=round(u(0.2, 2), 3),
            dynatemp_range=float(rng.choice([0, round(u(0.1, 1.5), 3)])),
            dynatemp_exponent=round(u(0.5, 2), 3)),
    }[stage]()


def make_logits(rng, size):
    kind = rng.integers(0, 3)
    if kind == 0:
        x = rng.normal(0, rng.uniform(0.5, 4), size)
    elif kind == 1:
        x = -rng.uniform(0.5, 2) * np.log(1 + rng.permutation(size)) + rng.normal(
            0, 0.1, size) + rng.uniform(-8, 8)
    else:
        x = rng.gumbel(0, 2, size)
    return [float(np.float32(round(v, 3))) for v in x]


def make_history(rng, size):
    alphabet = rng.integers(0, size, 3 + rng.integers(0, 6))
    return [int(t) for t in rng.choice(alphabet, rng.integers(0, 60))]


def make_breakers(rng, history):
    breakers = []
    for _ in range(rng.integers(0, 3)):
        if len(history) < 4:
            break
        at = rng.integers(0, len(history) - 3)
        breakers.append(history[at:at + rng.integers(1, 4)])
    return breakers


def fresh(name, rng, chain, **changes):
    size = int(changes.pop("size", rng.integers(2, 50)))
    history = make_history(rng, size)
    c = dict(DEFAULTS, name=name, chain=list(chain),
             logits=make_logits(rng, size), history=history,
             dry_breakers=make_breakers(rng, history), stop_ids=[])
    c.update(changes)
    return c


def with_stops(c, rng):
    pool = sorted(set(c["history"]) | set(ranked(dict(enumerate(c["logits"])))[:4]))
    count = min(len(pool), int(rng.integers(1, 5)))
    c["stop_ids"] = sorted(int(i) for i in rng.choice(pool, count, False))
    return c


def families(rng):
    keep = lambda: int(rng.choice([0, 0, 1, 3, 10]))
    for stage in ORDER:
        for _ in range(20):
            yield fresh(stage, rng, [stage], min_keep=keep(),
                        **settings(stage, rng))
    for version in (1, 2):
        for _ in range(20):
            c = fresh(f"mirostat{version}", rng, ["temperature", "mirostat"],
                      size=rng.integers(20, 150), mirostat=version,
                      mirostat_ent=round(rng.uniform(0.2, 4), 3))
            c.update(temp=round(rng.uniform(0.3, 1.5), 3))
            yield c
    for stage in ("penalties", "dry", "xtc"):
        for _ in range(20):
            yield with_stops(fresh("stops_" + stage, rng, [stage],
                                   **settings(stage, rng)), rng)
    for shuffled in (False, True):
        for _ in range(60):
            chain = list(ORDER)
            if shuffled:
                rng.shuffle(chain)
            c = fresh("shuffled" if shuffled else "chain", rng, chain,
                      min_keep=keep())
            for stage in ORDER:
                if rng.random() < 0.5:
                    c.update(settings(stage, rng))
            if rng.random() < 0.2:
                with_stops(c, rng)
            yield c
    for stage in ("top_k", "top_p", "typ_p", "xtc"):
        for _ in range(10):
            c = fresh("ties_" + stage, rng, [stage], size=rng.integers(5, 30),
                      **settings(stage, rng))
            c["logits"] = [float(v) for v in rng.integers(0, 4, len(c["logits"]))]
            yield c
    for _ in range(20):
        c = fresh("holes", rng, ORDER, size=rng.integers(20, 80))
        for stage in ("top_n_sigma", "typ_p", "temperature"):
            c.update(settings(stage, rng))
        c["logits"] = [None if rng.random() < 0.4 else x for x in c["logits"]]
        c["logits"][0] = 0.0
        yield c


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--without-llama", action="store_true")
    llama = None if parser.parse_args().without_llama else Llama()
    rng = np.random.default_rng(20240229)
    cases, compared, dropped = [], {}, 0
    for c in families(rng):
        expected = run(c)
        if any(run(c, n).keys() != expected.keys() for n in (-1e-4, 1e-4)):
            dropped += 1
            continue
        if llama is not None and llama.can_express(c):
            peer = llama.run(c)
            tiny = {i for i in expected if expected[i] < 1e-12}
            if (peer.keys() | tiny) != (expected.keys() | tiny) or any(
                    abs(peer.get(i, 0) - p) > 2e-5 for i, p in expected.items()):
                print(json.dumps(c), "\n", expected, "\n", peer)
                sys.exit("llama.cpp differs")
            compared[c["name"]] = compared.get(c["name"], 0) + 1
        c["expected"] = [[i, float(f"{p:.7g}")] for i, p in
                         sorted(expected.items())]
        c["logits"] = [x if x is None else round(x, 3) for x in c["logits"]]
        for key, value in DEFAULTS.items():
            if c[key] == value:
                del c[key]
        cases.append(c)
    OUT.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":"))
                                      for c in cases) + "\n]\n")
    print(f"{len(cases)} cases, {dropped} left out as ill-conditioned; "
          f"{sum(compared.values())} equal to llama.cpp: {compared}")


if __name__ == "__main__":
    main()
