"""The demo: a generated national registry beside the real published points, loaded through the public batch door.

Everything generated says so of itself (`generated`), and nothing generated carries a person's name.
"""
