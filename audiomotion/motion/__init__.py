"""Skeletons, rotations, the published motion representation, BVH files and drawing; numpy only."""
