"""What the rules of Deep Unlearn call: each function reads the files of a job, computes, and writes its files."""
