"""Stop where U-LiRA finds something in retrained models, or nothing in original ones."""

from lethe.runtime import start_job

from lethe.io.tables import read_json, write_json

start_job(snakemake, f"U-LiRA gate {' '.join(snakemake.wildcards)}", torch=False)
gates = read_json(snakemake.input.gates)
failed = [gate for gate in gates if not gate["holds"]]
if failed:
    lines = [f"gate '{gate['gate']}' does not hold: {gate['value']} against {gate['target']}; {gate['how']}" for gate in failed]
    raise SystemExit("\n".join([*lines, "U-LiRA of this study is not to be believed; its table is made, this file is not"]))
write_json(snakemake.output.gates, gates)
