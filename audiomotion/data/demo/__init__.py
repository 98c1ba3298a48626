"""The embedded data set: parametric actions on the 22-joint skeleton, made from a seed."""
