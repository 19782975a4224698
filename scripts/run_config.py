"""Write the merged configuration."""

import yaml

from lethe.io.atomic import write_text
from lethe.runtime import start_job

start_job(snakemake.log[0], "merged configuration", snakemake.threads, torch=False)
write_text(snakemake.output.config, yaml.safe_dump(snakemake.params.config, sort_keys=False, allow_unicode=True))
