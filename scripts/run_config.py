"""Write the merged configuration."""

from lethe.runtime import start_job

import yaml

from lethe.io.atomic import write_text

start_job(snakemake, "merged configuration", torch=False)
write_text(snakemake.output.config, yaml.safe_dump(snakemake.params.config, sort_keys=False, allow_unicode=True))
