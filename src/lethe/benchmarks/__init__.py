"""The benchmarks: what each computes from the models of a family. Families know no benchmark, and no benchmark knows another."""
