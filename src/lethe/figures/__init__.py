"""Figures. Each module makes one: ``data(...)`` is the table it draws, ``draw(data, ...)`` the picture of that table.

Importing ``lethe.figures`` or one of its modules loads neither torch nor matplotlib; ``draw`` does.
"""
