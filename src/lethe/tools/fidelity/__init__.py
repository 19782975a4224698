"""What every deviation from the reference changes, computed from a world's finished results (docs/fidelity.md).

``registry.DEVIATIONS`` maps each id of the document to a function or to the reason why this world shows nothing.
"""
