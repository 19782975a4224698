"""What the rules of I-CARE call: each function reads the files of a job, computes, and writes its files."""
