"""Handing a command to a cluster: its code, its recipes, its environment, and checks beforehand."""
