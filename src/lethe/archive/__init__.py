"""Published records: fetched by rules, verified before they are believed."""
