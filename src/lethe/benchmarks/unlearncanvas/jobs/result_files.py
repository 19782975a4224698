"""The result files of a method in the form of Vision Unlearning."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.unlearncanvas.concepts import canvas_of
from lethe.benchmarks.unlearncanvas.result_files import file_name, per_entity, result_of, write_result
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.io.atomic import atomic_path
from lethe.io.tables import read_parquet, write_json
from lethe.settings.unlearncanvas import UnlearnCanvas


def write_files(
    receivers: Path, emitters: Path, base: Path, answers: Path, folder: Path, method: str, world: str, settings: UnlearnCanvas
) -> None:
    """Write ``interferences_caused_by_{emitter}_{method}_{world}.json`` of every concept and ``interference_per_entity_{world}.json``.

    Args:
        base, answers: answer sets; images of the first seed count, as in the published files.
        world: stands where the published files name the base.
    """
    canvas = canvas_of(read_receivers(receivers), read_emitters(emitters), settings)
    table, off = read_parquet(answers), read_parquet(base)
    seed = off["seed"].min()
    of_base = off[off["seed"] == seed]
    on = table[table["seed"] == seed]
    results = {concept: result_of(on[on["concept"] == concept], of_base, canvas) for concept in on["concept"].unique().tolist()}
    with atomic_path(folder) as part:
        part.mkdir(parents=True, exist_ok=True)
        for index, result in results.items():
            write_result(part / file_name(canvas.concepts[index].name, method, world), result)
        write_json(part / f"interference_per_entity_{world}.json", per_entity(canvas, results, method))
