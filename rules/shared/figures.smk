"""Every figure that can be asked for, of every benchmark.

In: finished tables, similarities and, where pictures are shown, shards of images.
Out: figures/{template}/{parameters}.png (docs/results.md), and the file names under which some figures are published; each with its data beside it.
"""

for form in plan.figures.forms:

    rule:
        """What `form.docstring` says, since a docstring has no variables."""
        name:
            form.name
        input:
            unpack(form.inputs),
        output:
            png=report(f"<results>/figures/{form.stem}.png", caption=f"../../report/{form.name}.rst", **form.report),
            others=form.others,
        log:
            f"<logs>/{form.name}/{form.own}.log",
        benchmark:
            f"<benchmarks>/{form.name}/{form.own}.tsv"
        conda:
            "../../envs/lethe.yaml"
        resources:
            mem_mb=plan.showing_memory(2000),
            runtime=30,
        params:
            job=plan.job("lethe.figures.jobs.figure:make_figure", asks=form.asks),
            figure=form.template,
            values=form.values,
            facts=form.facts,
            inference=plan.inference,
        message:
            form.message
        script:
            "../../scripts/job.py"

    getattr(rules, form.name).rule.docstring = form.docstring  # of a module, too, where rules have other names
