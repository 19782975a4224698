"""Files: atomic writes, hashes, tables, shards of images, work folders, locks."""
