"""What the rules of the classifier family call: each function reads the files of a job, computes, and writes its files."""
