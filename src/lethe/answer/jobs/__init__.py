"""What the rules of the answer call: each function reads the files of a job, computes, and writes its files."""
