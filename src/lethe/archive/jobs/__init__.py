"""What the rules of published records call: each function reads the files of a job, computes, and writes its files."""
