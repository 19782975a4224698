"""Score the same images in one batched pass and one at a time."""

from lethe.runtime import resolve_device, start_job

from lethe.io.tables import write_json
from lethe.metrics.base import MetricContext
from lethe.metrics.reference_loop import bench_scoring
from lethe.metrics.run import read_images

given = snakemake.input
start_job(snakemake, "bench: scoring")
context = MetricContext(
    clip=given.clip, backbone=given.backbone, device=resolve_device(snakemake.params.device), threads=snakemake.threads
)
off, on = read_images(given.off_tar, given.off_index), read_images(given.on_tar, given.on_index)
measured = bench_scoring(context, off, [on] * 4)
result = {
    "value": measured["value"],
    "target": 5,
    "holds": measured["value"] >= 5,
    "how": "CLIP, BRISQUE, SSIM, RMSE and DINO of four shards: one image at a time, off images again for each emitter, against one "
    "batched pass; same images, same models, equal scores; loop seconds / batched seconds",
    "measured": measured,
}
write_json(snakemake.output.json, result)
