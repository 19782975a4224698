"""What a plan is written with: wildcards, batches of models, files from outside, memory of jobs. Knows no benchmark."""
