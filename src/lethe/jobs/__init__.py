"""What the rules call: each function reads the files of a job, computes, and writes its files.

A rule names its function, ``plan.job("lethe.jobs.latents:encode_task")``, and gives it files and values by the names of its arguments
(``lethe.workflow.run``). Jobs that share what they import share a file. A rule may also name a function elsewhere in the package, where
that one takes files anyway.
"""
