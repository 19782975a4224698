"""How a job starts, what its code is, what it keeps and what it leaves behind. Knows no model and no image."""
