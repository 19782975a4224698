"""Plain data and small helpers of every room: records, registries, gates, missing values. No torch at import."""
