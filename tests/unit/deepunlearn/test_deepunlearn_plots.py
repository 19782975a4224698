"""Figures of the Deep Unlearn benchmark: the tables they draw are right, names do not overlap, outliers do not squeeze the rest."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image
from tests.unit.deepunlearn.deepunlearn_tables import METHODS, make_attacks, make_scores, make_timing

from lethe.benchmarks.deepunlearn.draws import compare_draws
from lethe.benchmarks.deepunlearn.figures import states, style
from lethe.benchmarks.deepunlearn.pairs import paired_tests
from lethe.benchmarks.deepunlearn.ranking import mean_ranks, ranking_groups
from lethe.benchmarks.deepunlearn.templates import draws, gaps, lira_roc, ranking, retdev_indisc
from lethe.benchmarks.deepunlearn.templates import runtime as run_time
from lethe.classifiers.distance import noise_floor
from lethe.classifiers.methods import METHODS as REGISTERED
from lethe.classifiers.scores import runtime_table, summarise
from lethe.figures import outliers
from lethe.figures.style import save


@pytest.fixture(scope="module")
def scores():
    return make_scores()


@pytest.fixture(scope="module")
def summary(scores):
    return summarise(scores)


def ranked(scores):
    pairs = paired_tests(scores)
    return ranking_groups(scores, pairs, 0.1), mean_ranks(scores), pairs


@pytest.fixture(scope="module")
def tradeoff(scores, summary):
    groups, _, pairs = ranked(scores)
    return retdev_indisc.data(summary, noise_floor(scores), groups, pairs)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_every_method_has_a_name_and_a_look_of_its_own():
    methods = ["retrained", "retrained_again", "original", *METHODS]
    looks = {(style.look(m)["color"], style.look(m)["marker"]) for m in methods}
    assert len(looks) == 21 and len({style.title(m) for m in methods}) == 21
    assert style.title("bt_published") == "BT (published)" and style.title("new") == "new"
    assert style.look("bt_published") == style.look("bt")


def test_no_two_registered_methods_look_alike():
    methods = [name for name in REGISTERED.names() if not name.endswith("_published")]  # a variant looks like its method
    looks = [(style.look(name)["color"], style.look(name)["marker"]) for name in methods]
    assert len(methods) >= 24 and len(set(looks)) == len(methods)


def test_cut_by_hand():
    assert outliers.cut([0, 1, 2, 3, 4, 100, np.nan]) == (0, 4)
    assert outliers.cut([0, 1, 2, 3, 4]) == (0, 4)
    assert np.isnan(outliers.cut([np.nan])).all()
    rows = pd.DataFrame(
        {"method": ["retrained", *"abcdef"], "x": [0, 10, 11, 12, 13, 14, 90.0], "x_high": [0, 10, 11, 12, 13, 15, 99.0]}
    )
    assert style.span(rows, "x") == (0, 15)


def test_gaps(scores, tmp_path):
    floor = noise_floor(scores)
    data = gaps.data(scores, floor)
    assert data.query("quantity == 'test'")["floor"].tolist() == [100 * floor.query("measure == 'TA'")["p95"].item()] * 20
    wide = scores.pivot(index="seed", columns="method", values="FA")
    row = data.query("method == 'ct' and quantity == 'forget'").iloc[0]
    assert row["gap"] == pytest.approx(100 * (wide["ct"] - wide["retrained"]).mean()) and row["low"] < row["gap"] < row["high"]
    order = list(dict.fromkeys(data["method"]))
    assert order[-3:] == ["ga", "ff", "original"] and len(order) == 20
    figure = gaps.draw(data)
    assert figure.axes[1].get_xlim()[0] > -15 and len(texts(figure.axes[1])) == 2  # GA and FF are numbers at the edge
    assert float(texts(figure.axes[1])[1]) == pytest.approx(
        data.query("method == 'ff' and quantity == 'retain'")["gap"].item(), abs=0.5
    )
    for name in "ab":
        save(gaps.draw(data), tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert len(data) == 60 and Image.open(tmp_path / "a.png").width == 1500


def test_an_arrowhead_points_to_where_its_number_lies(scores):
    data = gaps.data(scores, noise_floor(scores))
    found = [0.1, -1.7, 1.1, 0.7, 4.3, 2.6, 1.6, -4.3, 1.5, -2.2, 5.4, 6.7, 0.9, -7.9, 1.6, 1.4, -10.4, -21.1, -52.2, 1.3]
    reach = [1, 2, 2, 2, 2, 3, 2, 3, 6, 3, 1, 1, 2, 2, 2, 2, 9, 10, 2, 2]
    rows = data["quantity"].eq("test")
    for sign in (-1, 1):  # the last but two lies outside of what is shown, and within the margin
        gap = sign * np.array(found)
        data.loc[rows, ["gap", "low", "high"]] = np.stack([gap, gap - reach, gap + reach], axis=1)
        numbers = {text.get_text(): text.xy[0] for text in gaps.draw(data).axes[2].texts}
        assert {name: np.sign(place) for name, place in numbers.items()} == {f"{sign * far:+d}": -sign for far in (-21, -52)}


def no_overlap(boxes):
    return all(
        min(a[2], b[2]) <= max(a[0], b[0]) or min(a[3], b[3]) <= max(a[1], b[1]) for i, a in enumerate(boxes) for b in boxes[:i]
    )


@pytest.mark.parametrize("seed", range(3))
def test_names_do_not_overlap(seed):
    g = np.random.default_rng(seed)
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    points = [(*g.normal(0.5, 0.1, 2), style.title(m)) for m in METHODS] + [(0.999, 0.999, "at the corner")]
    boxes = style.label_points(figure, axes, points)
    assert len(boxes) == 19 and no_overlap(boxes) and not no_overlap([boxes[0], boxes[0]])
    pixels = axes.transData.transform([point[:2] for point in points])
    assert not any(b[0] < x < b[2] and b[1] < y < b[3] for b in boxes for x, y in pixels)
    frame = axes.get_window_extent()
    assert all(b[0] >= frame.x0 and b[2] <= frame.x1 and b[1] >= frame.y0 and b[3] <= frame.y1 for b in boxes)
    assert style.label_points(figure, axes, []) == []


def test_retdev_indisc(scores, summary, tradeoff):
    data = tradeoff
    ct = summary.set_index("method").loc["ct"]
    drawn = data.set_index("method").loc["ct"]
    assert drawn["retdev"] == ct["retdev_paired"] and drawn["indisc_low"] == ct["indisc_low"] and len(data) == 21
    letters = ranked(scores)[0].set_index("method")["letters_gap"]
    axes = retdev_indisc.draw(data).axes[0]
    found = axes.get_title("left")
    assert found.endswith("\nnot shown, no value: FF") and "\nMembership attack: " in found
    nearer = data["retdev_state"].isin(["better", "floor"]).sum()
    assert found.startswith(f"Retention deviation: {nearer} of 18 methods are nearer") and nearer > 0
    names = {
        f"{style.title(m)}: {letters[m]}" if letters.get(m, "F") != "F" else style.title(m) for m in data["method"] if m != "ff"
    }
    assert {text.split(" (")[0] for text in texts(axes)} == names and len(axes.patches) == 2  # a band for each axis
    assert any(text.startswith("GA (0.9") for text in texts(axes)) and axes.get_xlim()[1] < 0.3
    with pytest.raises(ValueError, match="the table holds: digits, mlp; digits, tinycnn"):
        retdev_indisc.quality(pd.concat([summary, summary.assign(architecture="tinycnn")]))


def test_runtime(scores, summary):
    runtime = runtime_table(make_timing())
    data = run_time.data(summary, runtime, noise_floor(scores))
    assert list(data["method"]) == ["retrained", *METHODS] and data["seconds"].tolist() == runtime["seconds"].tolist()
    upper, lower = run_time.draw(data).axes
    assert upper.get_xscale() == "log" and upper.get_xlim() == lower.get_xlim()
    assert upper.get_ylim()[0] < 0 and upper.get_ylim()[1] < 0.3  # retraining's 0 is in, FF's 2.7 is not
    assert any(text.startswith("FF (2.") for text in texts(upper)) and lower.get_title("left") == "not shown, no value: FF"


def test_roc():
    roc, attacks = make_attacks()
    roc = roc[roc["method"] != "ff"]
    attacks.loc[attacks["method"] == "ff", attacks.columns != "method"] = np.nan
    data = lira_roc.data(roc, attacks)
    assert len(data) == len(roc) + 1 and list(dict.fromkeys(data["method"]))[-1] == "ff"
    leak = (data.groupby("method", sort=False)["auc"].first() - 0.5).abs().dropna()
    assert leak.is_monotonic_decreasing
    figure = lira_roc.draw(data)
    axes = figure.axes[0]
    assert axes.get_xscale() == axes.get_yscale() == "log" and axes.get_title("left") == "not shown, no curve: FF"
    key, *panels = figure.axes[1:]
    rows = [text.get_text() for text in key.get_yticklabels()]
    assert len(rows) == 19 and rows[0] == style.title(data["method"].iloc[0]) and "FF" not in rows
    values = attacks.set_index("method").loc["original"]
    written = [texts(panel)[rows.index("original")] for panel in panels]
    assert written == [f"{values['auc']:.3f}", f"{values['tpr']:.2g}", f"{values['tpr_0.1']:.2g}"]
    for panel, name in zip(panels, ("auc", "tpr", "tpr_0.1"), strict=True):
        bar = panel.lines[1 + 2 * rows.index("original")].get_xdata()  # after the coin a bar and a point of each
        assert bar[1] == values[f"{name}_high"] and bar[0] == max(values[f"{name}_low"], 1e-4 if name != "auc" else 0)
    assert len(axes.collections) == 2  # bands of both references
    with pytest.raises(ValueError, match="no attack for the curve of 'ct'"):
        lira_roc.data(roc, attacks[attacks["method"] != "ct"])


def test_ranking():
    both = pd.concat([make_scores(4), make_scores(4, architecture="tinycnn", seed=1).query("method != 'ct'")])
    groups, ranks, pairs = ranked(both)
    data = ranking.data(groups, ranks, pairs)
    assert len(data) == 3 * (18 + 17) and list(dict.fromkeys(data["method"]))[-1] == "ff"
    first = ranks.query("metric == 'gap'").groupby("method")["rank"].mean()
    assert first[list(dict.fromkeys(data["method"]))].is_monotonic_increasing
    written = [text for axes in ranking.draw(data).axes for text in texts(axes)]
    assert written.count("F") == (data["letters"] == "F").sum() == 12  # GA and FF
    assert written.count("\u2013") == 3  # CT has no tinycnn
    assert {"F", "alike", "better"} <= set(data["state"])


def test_what_does_not_differ_from_another_seed_is_at_the_floor():
    """A method whose models are those of another seed, one that is the original."""
    scores = make_scores(6).query("method in ('retrained', 'retrained_again', 'original')")
    of = lambda name: scores[scores["method"] == name]  # noqa: E731
    made = pd.concat([scores, of("retrained_again").assign(method="ft"), of("original").assign(method="ga")])
    data = ranking.data(*ranked(made)).query("metric == 'gap'").set_index("method")
    assert data["state"].to_dict() == {"ft": "floor", "ga": "alike"} and data["letters"].to_dict() == {"ft": "a", "ga": "b"}


def test_what_was_found_is_said_whatever_it_is():
    nobody = states.told([("ft", "alike"), ("ga", "alike")], "Attack")
    assert nobody == "Attack: none of 2 methods can be told from the original, which forgot nothing."
    some = states.told([("ft", "alike"), ("euk", "better"), ("ngplus", "floor")], "Attack")
    assert some.startswith("Attack: 2 of 3 methods are nearer") and some.endswith("as near as another retrained model: NG+.")


def test_draws():
    found = compare_draws({number: make_scores(4, seed=number) for number in (1, 2, 3)}).methods
    data = draws.data(found)
    assert len(data) == 3 * 20 and set(data["method"][-6:]) == {"original", "retrained_again"}
    overall = data.groupby("method", sort=False)["gap"].mean()
    assert overall[:18].dropna().is_monotonic_increasing
    axes = draws.draw(data).axes[0]
    assert len(axes.collections) == data["gap"].le(outliers.cut(data["gap"])[1]).sum()
    assert [text for text in texts(axes) if text.endswith(">")], "GA lies far off"


def test_few_methods_and_one_seed_draw():
    scores = make_scores(1).query("method in ('retrained', 'retrained_again', 'original', 'ft', 'ff')")
    summary, floor = summarise(scores), noise_floor(scores)
    assert isinstance(gaps.draw(gaps.data(scores, floor)), Figure)
    groups, ranks, pairs = ranked(scores)
    drawn = retdev_indisc.data(summary, floor, groups, pairs)
    assert isinstance(retdev_indisc.draw(drawn), Figure)
    assert "not shown, no value: FF" in retdev_indisc.draw(drawn.query("method == 'ff'")).axes[0].get_title("left")
    runtime = runtime_table(pd.DataFrame({"method": ["retrained", "ft", "ff"], "seconds": [3.0, 1, 1]}))
    assert isinstance(run_time.draw(run_time.data(summary, runtime, floor)), Figure)
    assert [texts(axes).count("1.0") for axes in ranking.draw(ranking.data(groups, ranks, pairs)).axes] == [1, 1, 1]


def test_many_settings_have_room():
    """What is written in a cell of the ranking stays within it, also where settings are many and their names long."""
    groups, ranks, pairs = ranked(make_scores(4))
    many = [f"digits_memorised_{number}" for number in range(7)]
    data = pd.concat([ranking.data(groups, ranks, pairs).assign(dataset=name) for name in many])
    figure = ranking.draw(data)
    figure.draw_without_rendering()
    assert len(figure.axes) == 3
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
        assert len(boxes) > 200 and no_overlap([(box.x0, box.y0, box.x1, box.y1) for box in boxes[:60]])
        below = [label.get_window_extent() for label in axes.get_xticklabels()]
        assert no_overlap([(box.x0, box.y0, box.x1, box.y1) for box in below])


def test_a_measure_without_a_value_is_not_drawn(scores, summary, tradeoff):
    """A class is forgotten: the retrained models are never right on it, so retention deviation has no value for anybody."""
    groups, ranks, pairs = ranked(scores)
    ranks = ranks.assign(rank=ranks["rank"].mask(ranks["metric"] == "retdev"))
    figure = ranking.draw(ranking.data(groups, ranks, pairs))
    assert [axes.get_title() for axes in figure.axes] == ["gap", "attack (mdev)"]
    columns = ["retdev_paired", "retdev_paired_low", "retdev_paired_high"]
    runtime = runtime_table(make_timing())
    drawn = run_time.draw(run_time.data(summary.assign(**dict.fromkeys(columns, np.nan)), runtime, noise_floor(scores)))
    (axes,) = drawn.axes
    assert axes.get_ylabel().startswith("indiscernibility") and axes.get_xlabel().startswith("seconds")
    assert any("no value here" in text.get_text() for text in drawn.texts)
    (reason,) = texts(retdev_indisc.draw(tradeoff.assign(retdev=np.nan)).axes[0])
    assert reason.startswith("Retention deviation has no value here")
