"""The figures of I-CARE. Each module makes one: ``data(...)`` is the table it draws, ``draw(data, ...)`` its picture."""
