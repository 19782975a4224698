"""The data dictionary: what every column of every table means, as a page, as the README of a world's tables and as a Data Package."""
