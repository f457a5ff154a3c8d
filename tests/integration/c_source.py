"""Reads C as clang-format leaves it: a function's name, parameters and braces begin where `.clang-format` puts them, so no
grammar is needed. Macros that make functions are not seen; there are none."""
import collections
import re

Function = collections.namedtuple("Function", "name static parameters line lines body")
Declaration = collections.namedtuple("Declaration", "name text line comment")
NOT_NAMES = {"if", "for", "while", "switch", "return", "sizeof", "_Alignof", "__attribute__", "_Static_assert", "static_assert"}


def blank(match):
	return "\n" * match.group(0).count("\n")


def without_comments(text):
	"""The same lines, comments gone and strings and characters emptied."""
	token = r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
	return re.sub(token, lambda m: blank(m) if m.group(0)[0] == "/" else m.group(0)[0] * 2, text, flags=re.S)


def without_directives(text):
	"""The same lines, those of the preprocessor gone."""
	return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, text, flags=re.M)


def includes(text):
	"""Pairs of the bracket and the name."""
	return re.findall(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', text, re.M)


def macros(text):
	"""Name and body of each macro in a file."""
	return {name: body for name, body in re.findall(r"^[ \t]*#[ \t]*define[ \t]+(\w+)((?:[^\n]*\\\n)*[^\n]*)", text, re.M)}


def names_used(code):
	"""What is called in this code, and what is given to somebody or put somewhere: names of members and types are not."""
	return set(re.findall(r"(?<![\w.>])([A-Za-z_]\w*)\s*\(", code)
		+ re.findall(r"(?<=[({,=&?:])\s*([A-Za-z_]\w*)\s*(?=[,)};:])", code))


def name_and_parameters(signature):
	"""Of `static int f(struct a *a, int b)`: f, and its parameters one by one. None where it is no function's."""
	signature = re.sub(r"__attribute__\s*\(\(.*?\)\)", "", signature)
	found = next((m for m in re.finditer(r"\b([A-Za-z_]\w*)\s*\(", signature) if m.group(1) not in NOT_NAMES), None)
	if not found:
		return None
	parameters, depth, current = [], 1, ""
	for c in signature[found.end():]:
		depth += (c in "([") - (c in ")]")
		if depth == 0:
			break
		if c == "," and depth == 1:
			parameters.append(current.strip())
			current = ""
		else:
			current += c
	if current.strip() not in ("", "void"):
		parameters.append(current.strip())
	return found.group(1), parameters


def functions(text):
	"""The definitions in a file. lines: from the first of the signature to the closing brace."""
	lines = without_directives(without_comments(text)).split("\n")
	found, number = [], 0
	while number < len(lines):
		if lines[number] == "{" and number and lines[number - 1].rstrip().endswith(")"):
			first = number - 1
			while first and lines[first - 1].strip() and not lines[first - 1].rstrip().endswith((";", "}", "{")):
				first -= 1
			end = number
			while lines[end] != "}":
				end += 1
			signature = " ".join(line.strip() for line in lines[first:number])
			named = name_and_parameters(signature)
			if named:
				found.append(Function(named[0], bool(re.search(r"\bstatic\b", signature)), named[1], first + 1, end - first + 1,
					"\n".join(lines[number:end + 1])))
			number = end
		number += 1
	return found


def variables(text):
	"""Those that a file defines for others."""
	code = without_directives(without_comments(text))
	return re.findall(r"^(?!static\b|extern\b|typedef\b|return\b)[A-Za-z_][\w *]*?\b(\w+)(?:\[[^\]\n]*\])* = ", code, re.M)


def comment_above(raw, line):
	"""The comment that ends right above this line (counted from 1), or ""."""
	last = line - 2
	if last < 0 or not raw[last].rstrip().endswith("*/"):
		return ""
	first = last
	while first and "/*" not in raw[first]:
		first -= 1
	if not raw[first].lstrip().startswith("/*"): # it stands at the end of a line of code, and belongs to that
		return ""
	return "\n".join(raw[first:last + 1])


def declarations(text):
	"""Functions that a header declares, static inline ones too. comment: its own, that beside it, or that of its group,
	which are lines without an empty one between them below one comment."""
	raw = text.split("\n")
	lines = without_directives(without_comments(text)).split("\n")
	found, depth, statement, began, group = [], 0, "", 0, ""
	for number, line in enumerate(lines, 1):
		if not line.strip():
			if not raw[number - 1].strip():
				group = ""
			if not statement:
				continue
		if line.startswith('extern "" {'): # "C", whose text is gone
			continue
		if not statement and depth == 0:
			began = number
			above = comment_above(raw, number)
			group = above or group
		depth += line.count("{") - line.count("}")
		statement += " " + line.strip()
		if depth > 0 or not line.rstrip().endswith((";", "}")):
			continue
		head = statement.split("{")[0].strip()
		named = None if head.startswith("typedef") or "=" in head.split("(")[0] else name_and_parameters(head)
		if named:
			beside = "\n".join(raw[began - 1:number]) if "{" not in statement else ""
			found.append(Declaration(named[0], head.rstrip(";"), began, above or (beside if "/*" in beside else "") or group))
		statement, depth = "", max(depth, 0)
	return found


def assertions(text):
	return len(re.findall(r"(?<![\w])assert\(", without_comments(text)))
