"""What was measured, in plain sentences for the page; nothing is said here that a number does not carry."""

from collections.abc import Mapping, Sequence
from typing import Any

from foodviz.printable import printable

Facts = Mapping[str, Any]


def on_region(picture: str, share: float, area: float, region: str, what: str) -> str:
    """How much of a map lies on the food, against what a map blind to the place would have there.

    Args:
        picture: its name.
        share: of the map on the region. area: of the picture that the region covers.
        region: `the food` or `the middle half`.
        what: the map, in words.
    """
    times = share / area if area else 0.0
    against = f"{times:.1f} times" if times >= 1.25 or times <= 0.8 else "about"
    return (
        f"{picture}: {share:.0%} of {what} lies on {region}, which covers {area:.0%} of the picture: {against} what it "
        "would be if the place did not matter."
    )


def excited(filters: Sequence[int], means: Sequence[Sequence[float]], pictures: Sequence[str]) -> list[str]:
    """Which photograph each filter answers to most on average; `means` is (filters, pictures)."""
    return [
        f"Filter {number} answers most to {pictures[max(range(len(row)), key=row.__getitem__)]}."
        for number, row in zip(filters, means, strict=True)
    ]


def alike(a: int, b: int, cosine: float, *, opposite: bool = False) -> str:
    """How like two filters' maps are."""
    if opposite:
        word = "opposites" if cosine < -0.5 else "least alike" if cosine > 0 else "the most opposite pair"
    else:
        word = "much alike" if cosine > 0.6 else "the nearest pair"
    return f"Filters {a} and {b} are {word}: cosine {cosine:.2f} of their maps about their means."


def of_filter(number: str, facts: Facts) -> str:
    """What a filter responds to, as measured over photographs of the data."""
    if facts["dead"]:
        return f"Filter {number} is dead: it is the same for every photograph."
    tells = f"{facts['selectivity']:.0%} of its variance lies between the classes"
    goes = "" if "claims" in facts else "goes with "
    lines = [f"Filter {number} {goes}{facts['says']}; {tells}."]
    if "drawn" in facts:  # it has a card
        lines += [strongest_photographs(facts), drawn_ways(facts)]
    return " ".join(line for line in lines if line)


def answers(claims: Sequence[Facts], most: int = 3) -> str:
    """What a filter answers to, strongest first: of the words that were tested those with an effect, and how large."""
    clear = sorted((claim for claim in claims if claim["clear"]), key=lambda claim: -claim["mean"])[:most]
    if not clear:
        named = f": {listed([claim['word'] for claim in claims])}" if claims else ""
        return f"answers to nothing that was tested{named}"
    parts = [f"{each['word']} ({each['change']} it falls by {interval(each)})" for each in clear]
    return f"answers to {', '.join(parts)}"


def interval(effect: Facts) -> str:
    """A fall with its 95 % interval, in per cent."""
    return f"{100 * effect['mean']:.0f} %, {100 * effect['low']:.0f} to {100 * effect['high']:.0f} %"


def strongest_photographs(facts: Facts) -> str:
    """What the photographs that excite a filter most are of, and whether it is the food in them that does."""
    count = len(facts["largest_cells"])
    parts = []
    if facts["classes"]:
        named = listed([f"{number} {printable(name)}" for name, number in facts["classes"].items()], 3)
        parts.append(f"Its {count} strongest photographs: {named}.")
    if facts["on_food"] is not None:
        parts.append(
            f"The strongest cell lies on the food in {facts['on_food']} of {count}; the food covers "
            f"{facts['food_covers']:.0%} of them."
        )
    return " ".join(parts)


def drawn_ways(facts: Facts) -> str:
    """Which drawn pictures excite a filter by another way through the net than photographs; empty where none does."""
    others = [
        (each["climbed"], likeness)
        for each in facts["drawn"]
        for way, likeness in zip(each["way"], each["likeness"], strict=True)
        if way == "another"
    ]
    if not others:
        return ""
    climbed = " and for ".join(dict.fromkeys(climbed for climbed, _ in others))
    drawn = ", ".join(f"{likeness[0]:.2f}" for _, likeness in others)
    _, among, other = others[0][1]
    return (
        f"What is drawn for {climbed} excites it by another way than the photographs do: likeness to them in the "
        f"earlier layers {drawn}, theirs among themselves {among:.2f}, that of other places {other:.2f}."
    )


def lime_fit(r2: float, stable: int, superpixels: int) -> str:
    """How far LIME's answer for one picture can be trusted."""
    trust = "well" if r2 >= 0.7 else "fairly" if r2 >= 0.4 else "badly, so take its signs with care"
    return f"The linear model fits {trust} (R² {r2:.2f}); {stable} of {superpixels} signs are stable."


def confusion(facts: Facts) -> list[str]:
    """The accuracy, the most confused pairs and the classes never mistaken."""
    low, high = facts["accuracy_interval"]
    lines = [
        f"{facts['right']} of {facts['images']} pictures are named rightly: {facts['accuracy']:.1%} "
        f"(95 % interval {low:.1%} to {high:.1%})."
    ]
    lines += [f"{line.partition('  ids ')[0]}." for line in facts["most_confused"][:3]]
    never = facts["never_mistaken"]
    lines.append(f"Never mistaken: {listed(never)}." if never else "No class is always named rightly.")
    lean = "surer than right" if facts["confidence_minus_accuracy"] > 0 else "less sure than right"
    gap = abs(100 * facts["confidence_minus_accuracy"])
    return [*lines, f"On average the model is {gap:.1f} points {lean}."]


def confused(facts: Facts) -> str:
    """How often the model is right, and what it most often takes for what."""
    low, high = facts["accuracy_interval"]
    line = (
        f"{facts['accuracy']:.1%} of {facts['images']} pictures of {facts['data']['split']} are named rightly "
        f"(95 % interval {low:.1%} to {high:.1%})"
    )
    if not facts["most_confused"]:
        return f"{line}; nothing is confused."
    return f"{line}; most often {facts['most_confused'][0].partition('  ids ')[0]}."


def believed(title: str, count: int, total: int, otherwise: str) -> str:
    """How many of a method's maps can be believed, and of another one why not.

    Args:
        title: of the method. count: those that can. otherwise: name and reason of one that cannot, empty without.
    """
    maps = f"{title} map" if total == 1 else f"{title} maps"
    why = (
        f"; {otherwise}"
        if otherwise
        else ": hiding what they mark takes the answer away as fast as the best blind guess, or faster"
    )
    return f"{count} of {total} {maps} can be believed{why}."


def listed(names: Sequence[str], most: int = 20) -> str:
    """Names in one line, of many the first."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def dream(facts: Facts) -> list[str]:
    """What the dream changed first, and what became of the answer."""
    frames = facts["frames"]
    first, last = frames[0], frames[-1]
    climbed, begun, ended = facts["climbed"], short(first["objective"]), short(last["objective"])
    lines = [f"{climbed[0].upper()}{climbed[1:]}: from {begun} to {ended} in {last['step']} steps."]
    halves = {place: step for place, step in facts["half_of_the_change_by_step"].items() if step is not None}
    if len(halves) == 2:
        (here, early), (there, late) = sorted(halves.items(), key=lambda item: item[1])
        when = f"both by step {early}" if early == late else f"{here} by step {early}, {there} by step {late}"
        lines.append(f"Half of the change had come {when}.")
    turned = next((frame for frame in frames if frame["predicted"] != first["predicted"]), None)
    if turned is None:
        lines.append(f"The answer stays {first['predicted']} throughout.")
    else:
        lines.append(
            f"The answer turns from {first['predicted']} to {turned['predicted']} at step {turned['step']} and ends at "
            f"{last['predicted']} ({last['probability']:.0%})."
        )
    return lines


def short(value: float) -> str:
    """A number as people write it: three digits, thousands in full."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
