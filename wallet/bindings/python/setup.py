"""Builds the package: what setuptools does by pyproject.toml, and the two modules that are made from libuncia's headers
(declare.py), among what is built, never among the sources. The version is that of the headers."""
import pathlib
import sys

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import declare


class Build(build_py):
	"""build_py, with the modules that are made."""

	def run(self):
		super().run()
		declare.write(pathlib.Path(self.build_lib) / "uncia")


try:
	setup(version=declare.version(declare.code_of(declare.include_directory())), cmdclass={"build_py": Build})
except declare.HeaderError as error:
	sys.exit(f"uncia: {error}")
