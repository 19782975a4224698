"""The figures of Deep Unlearn. Each module makes one: ``data(...)`` is the table it draws, ``draw(data, ...)`` its picture."""
