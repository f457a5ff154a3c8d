"""Four hundred texts of each kind through what chats do to them: Markdown and HTML renderers, link finders, libpurple's
markup, IRC's lines and formatting codes, smart punctuation, capitals, mail. Each arrives whole, or is refused as changed;
none ever arrives as another text. The renderers are real ones, Debian's."""
import ctypes
import email.message
import email.policy
import html
import html.parser
import os
import pathlib
import re
import subprocess
import sys
import textwrap
import unittest

if "/usr/lib/python3/dist-packages" not in sys.path:  # another Python than Debian's: the modules are pure
	sys.path.append("/usr/lib/python3/dist-packages")
import bleach
import commonmark
import linkify_it
import markdown
import markdown_it
import mistune

from uncia import UnciaTest

CARRIER = pathlib.Path(os.environ["UNCIA_BIN"]).parent / "tests" / "text_carrier"
COUNT = 400
SHORT = ("contact", "request", "notice", "claim", "address")
WAYS = {  # how people put a text into what they write
	"alone": "{}", "in a sentence": "Please use {} before Friday, thanks!", "at the end": "here it is: {}.", "with a comma": "{}, or later",
	"in brackets": "that one ({}) is mine", "in angle brackets": "<{}>", "in quotes": "he wrote \"{}\" to me", "in single quotes": "it's '{}'",
	"emphasised": "_{}_", "starred": "*{}*", "strong": "**{}**", "struck": "~~{}~~", "code": "`{}`", "in a fence": "```\n{}\n```", "quoted": "> {}",
	"in a list": "- {}", "in a numbered list": "1. {}", "a heading": "# {}", "in a table": "| what | {} |\n|---|---|\n| a | {} |", "spoken": "@bob: {} -- ok?",
	"behind an arrow": "--> {}...", "between letters of others": "请付{}谢谢 über {} ß", "between smileys": ":) {} ;-)", "behind a slash": "/{}/",
	"twice": "{} {}", "in capitals": None}


class Text(html.parser.HTMLParser):
	"""What is seen of HTML, and the targets of its links."""

	def __init__(self, source):
		super().__init__(convert_charrefs=True)
		self.seen, self.targets = [], []
		self.feed(source)
		self.close()

	def handle_data(self, data):
		self.seen.append(data)

	def handle_starttag(self, tag, attributes):
		if tag in ("br", "p", "li", "td", "th", "h1", "div", "blockquote", "pre", "tr"):
			self.seen.append("\n")
		self.targets += [value for name, value in attributes if name in ("href", "src") and value]


def seen_of(source):
	return "".join(Text(source).seen)


def targets_of(source):
	return " ".join(Text(source).targets)


def run(*command):
	return lambda message: subprocess.run(command, input=message, stdout=subprocess.PIPE, text=True, check=True).stdout


class Purple:
	"""libpurple's own functions."""

	def __init__(self):
		self.purple = ctypes.CDLL("libpurple.so.0")
		for name in ("purple_markup_strip_html", "purple_markup_linkify", "purple_unescape_html", "purple_unescape_text"):
			getattr(self.purple, name).restype = ctypes.c_void_p
			getattr(self.purple, name).argtypes = [ctypes.c_char_p]
		self.purple.purple_markup_escape_text.restype = ctypes.c_void_p
		self.purple.purple_markup_escape_text.argtypes = [ctypes.c_char_p, ctypes.c_ssize_t]
		self.purple.purple_markup_html_to_xhtml.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p), ctypes.POINTER(ctypes.c_char_p)]
		self.purple.purple_markup_html_to_xhtml.restype = None

	def call(self, name, message, *more):
		return ctypes.string_at(getattr(self.purple, name)(message.encode(), *more)).decode()

	def escape(self, message):
		return self.call("purple_markup_escape_text", message, -1)

	def xhtml(self, source):
		xhtml, plain = ctypes.c_char_p(), ctypes.c_char_p()
		self.purple.purple_markup_html_to_xhtml(source.encode(), ctypes.byref(xhtml), ctypes.byref(plain))
		return xhtml.value.decode(), plain.value.decode()


PURPLE = Purple()
GFM = run("cmark-gfm", "-e", "autolink", "-e", "strikethrough", "-e", "table", "-e", "tagfilter")
MARKDOWN_IT = markdown_it.MarkdownIt("gfm-like", {"typographer": True, "breaks": True}).enable(["replacements", "smartquotes"])
LINKIFY = linkify_it.LinkifyIt(options={"fuzzy_link": True, "fuzzy_email": True, "fuzzy_ip": True})


def linkify(message):
	"""As a web client does: what is found becomes a link, the rest is escaped."""
	made, at = [], 0
	for match in LINKIFY.match(message) or ():
		made += [html.escape(message[at : match.index]), f'<a href="{html.escape(match.url)}">{html.escape(match.text)}</a>']
		at = match.last_index
	return "".join(made) + html.escape(message[at:])


def styling(message):
	"""XEP-0393 and the like, which show what is between two marks without them."""
	for mark, tag in (("*", "b"), ("_", "i"), ("~", "s"), ("`", "code")):
		sign = re.escape(mark)
		message = re.sub(rf"(?<!\S){sign}(\S(?:.*?\S)?){sign}(?!\S)", rf"<{tag}>\1</{tag}>", message)
	return message


RENDERERS = {  # message -> HTML
	"cmark": run("cmark", "--unsafe"), "cmark, smart": run("cmark", "--smart", "--hardbreaks"), "cmark-gfm": GFM,
	"cmark-gfm, smart": run("cmark-gfm", "--smart", "-e", "autolink"), "commonmark.py": commonmark.commonmark,
	"markdown-it, linkified": MARKDOWN_IT.render, "markdown-it": markdown_it.MarkdownIt("commonmark").render,
	"Python-Markdown": lambda message: markdown.markdown(message, extensions=["extra", "smarty", "nl2br", "sane_lists"]),
	"mistune": mistune.create_markdown(escape=True, plugins=["strikethrough", "footnotes", "table", "url", "task_lists"]),
	"mistune, raw": mistune.create_markdown(escape=False),
	"bleach": lambda message: bleach.linkify(bleach.clean(message)),
	"linkify-it": linkify, "escaped": html.escape,
	"libpurple": PURPLE.escape, "libpurple, linkified": lambda message: PURPLE.call("purple_markup_linkify", PURPLE.escape(message)),
	"libpurple, XHTML": lambda message: PURPLE.xhtml(PURPLE.escape(message))[0],
	"libpurple, rendered": lambda message: PURPLE.xhtml(PURPLE.call("purple_markup_linkify", PURPLE.escape(message)))[0],
	"styled": lambda message: styling(html.escape(message))}

RAW = ("Python-Markdown", "mistune, raw")

BACK = {  # HTML -> what the other side hands to the scanner
	"its source": lambda source: source, "what is seen": seen_of, "without its tags": lambda source: bleach.clean(source, tags=[], strip=True),
	"libpurple's text": lambda source: PURPLE.call("purple_markup_strip_html", source),
	"unescaped": lambda source: PURPLE.call("purple_unescape_html", source)}


def quoted_printable(message):
	mail = email.message.EmailMessage(policy=email.policy.SMTP)
	mail.set_content(message + "\n\u00e9", cte="quoted-printable")
	return email.message_from_bytes(mail.as_bytes(), policy=email.policy.SMTP).get_content()


IRC = {  # text -> the lines that arrive
	"plain": lambda text: [text], "bold": lambda text: [f"\x02{text}\x02"], "coloured": lambda text: [f"\x034,12{text}\x03 ok"],
	"in one colour": lambda text: [f"pay \x0304{text}\x0f"], "in a true colour": lambda text: [f"\x04ff8800{text}\x04"],
	"colour ended inside": lambda text: [f"\x02{text[:40]}\x0f{text[40:]}"], "underlined inside": lambda text: [f"{text[:30]}\x1f{text[30:60]}\x1f{text[60:]}"],
	"an action": lambda text: [f"\x01ACTION asks: {text}\x01"], "on a terminal": lambda text: [f"\x1b[32m{text}\x1b[0m"],
	"behind a nick": lambda text: [f"<bob> {text}"], "from a bridge": lambda text: [f"<b\u200bob> {text}"],
	"cut at 391": lambda text: cut(f"{text}", 391), "cut at 344": lambda text: cut(f"{text}", 344)}


def cut(message, limit):
	data = message.encode()
	return [data[i : i + limit].decode(errors="replace") for i in range(0, len(data), limit)]


class Carried(UnciaTest):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		made = subprocess.run([CARRIER, "make", str(COUNT)], stdout=subprocess.PIPE, text=True, check=True, cwd=cls.home()).stdout
		cls.texts = [tuple(line.split(" ")) for line in made.splitlines()]

	@classmethod
	def home(cls):
		folder = CARRIER.parent / "text_carrier.home"
		folder.mkdir(exist_ok=True)
		return folder

	def scan(self, messages, task="scan"):
		"""For each message what was found: (whole or refused, kind, text or error)."""
		lines = "".join(message.encode("utf-8", "surrogateescape").replace(b"\0", b"").hex() + "\n" for message in messages)
		done = subprocess.run([CARRIER, task], input=lines, stdout=subprocess.PIPE, text=True, check=True, cwd=self.home())
		answers = [[tuple(one.split(" ")) for one in line.split("\t") if one] for line in done.stdout.splitlines()]
		self.assertEqual(len(answers), len(messages))
		return answers

	def arrived(self, sent, messages, what, may_lack=()):
		"""Nothing else than what was sent is whole. Returns how many were not, and how many of those were refused; those whose
		number is in may_lack are not counted."""
		missing = refused = 0
		for number, ((kind, text), found, message) in enumerate(zip(sent, self.scan(messages), messages)):
			whole = [one for one in found if one[0] == "whole"]
			self.assertLessEqual({one[1:] for one in whole}, {(kind, text)}, f"{what}: {message}")
			lacks = not whole and number not in may_lack
			missing += lacks
			refused += lacks and any(one[0] == "refused" for one in found)
		return missing, refused

	def all_arrive(self, sent, messages, what, may_lack=()):
		self.assertEqual(self.arrived(sent, messages, what, may_lack), (0, 0), what)

	def test_there_are_four_hundred_of_each_kind(self):
		kinds = [kind for kind, _ in self.texts]
		self.assertEqual({kind: kinds.count(kind) for kind in kinds}, dict.fromkeys(("contact", "request", "notice", "claim", "receipt", "expiry", "address"), COUNT))
		self.assertEqual(len({text for _, text in self.texts}), len(self.texts))
		longest = {kind: max(len(text) for k, text in self.texts if k == kind) for kind in kinds}
		self.assertTrue(all(longest[kind] <= 320 for kind in SHORT), longest)
		self.all_arrive(self.texts, [text for _, text in self.texts], "as it was")
		pasted = self.scan([text for _, text in self.texts], "paste")
		self.assertLessEqual({one[0][0] for one in pasted}, {"0", "-203"})  # an expiry of one signer proves nothing

	def written(self, turn):
		"""Every text, put the way whose turn it is."""
		ways = list(WAYS.values())
		for i, (_, text) in enumerate(self.texts):
			way = ways[(i + turn) % len(ways)]
			if way == WAYS["in angle brackets"] and not text.startswith("uncia:"):
				text = f"uncia:{text}"  # else it is an element of HTML, which shows nothing
			yield way.replace("{}", text) if way else text.upper()

	def test_renderers_of_markdown_and_html_change_none(self):
		for turn, (renderer, render) in enumerate(RENDERERS.items()):
			messages = list(self.written(turn))
			marked = [f"\n\nBM{i}BX\n\n{message}\n" for i, message in enumerate(messages)]
			# Some take the square of the size of what they render.
			source = "\n".join(render("".join(marked[i : i + 50])) for i in range(0, len(marked), 50))
			# Where angle brackets are HTML whatever is in them, what is in them is an element that shows nothing.
			lost = {i for i, message in enumerate(messages) if renderer in RAW and message.startswith("<")}
			for reader, read in BACK.items():
				with self.subTest(f"{renderer}, {reader}"):
					parts = re.split(r"BM\d+BX", read(source))[1:]
					self.assertEqual(len(parts), len(self.texts))
					self.all_arrive(self.texts, parts, f"{renderer}, {reader}", lost)

	def test_links_carry_them(self):
		for renderer in ("cmark", "cmark-gfm", "commonmark.py", "markdown-it", "Python-Markdown"):
			document = "".join(f"\n\nBM{i}BX\n\n[pay me]({text}) or <{text}>\n" for i, (_, text) in enumerate(self.texts) if text.startswith("uncia:"))
			sent = [one for one in self.texts if one[1].startswith("uncia:")]
			parts = re.split(r"BM\d+BX", RENDERERS[renderer](document))[1:]
			self.all_arrive(sent, parts, renderer)
			self.all_arrive(sent, [targets_of(part) for part in parts], renderer)

	def test_lines_of_irc_carry_the_short_ones_and_cut_the_others(self):
		for name, send in IRC.items():
			lines, sent, short = [], [], 0
			for kind, text in self.texts:
				pieces = send(text)
				short += len(pieces) == 1
				lines += pieces
				sent += [(kind, text)] * len(pieces)
			missing, refused = self.arrived(sent, lines, name)
			self.assertEqual(len(lines) - missing, short, name)
			self.assertEqual(refused, sum(len(text) > 391 for _, text in self.texts) if "391" in name else sum(len(text) > 344 for _, text in self.texts)
				if "344" in name else 0, name)
			self.assertGreaterEqual(short, COUNT * len(SHORT))

	def test_behind_other_words_a_cut_is_seen(self):
		for words in (0, 100, 250, 380):
			lines, sent = [], []
			for kind, text in self.texts:
				pieces = cut("w" * words + " " * bool(words) + text, 391)
				lines += pieces
				sent += [(kind, text)] * len(pieces)
			self.arrived(sent, lines, f"{words} letters")

	def test_case_changes_nothing_or_is_seen(self):
		messages = [text for _, text in self.texts]
		for name, change, whole in (("upper", str.upper, True), ("lower", str.lower, True), ("scheme", lambda t: t.replace("uncia:", "UNCIA:"), True),
			("the rest", lambda t: "uncia:" + t.removeprefix("uncia:").upper(), True), ("first letter", lambda t: t[:1].upper() + t[1:], None),
			("title", str.title, False), ("swapped", lambda t: t[:50] + t[50:].swapcase(), None), ("folded", str.casefold, True)):
			changed = [change(text) for text in messages]
			missing, refused = self.arrived(self.texts, changed, name)
			if whole is not None:
				self.assertEqual(missing, 0 if whole else len(messages), name)
			self.assertEqual(missing, refused, name)

	def test_smart_punctuation_and_spaces_around_change_none(self):
		for before, behind in (("\u201c", "\u201d"), ("\u00ab\u00a0", "\u00a0\u00bb"), ("\u2014", "\u2014"), ("\u2026", "\u2026"), ("\u2018", "\u2019"), ("\u00a0", "\u202f"),
			("\u200b", "\u200b"), ("\u2066", "\u2069"), ("\ufeff", ""), ("\u202e", "\u202c"), ("\u00b7", ";"), ("\u2022 ", "\u3002"), ("=", "&x=1"), ("/", "?"), ("+", "+")):
			self.all_arrive(self.texts, [f"{before}{text}{behind}" for _, text in self.texts], repr((before, behind)))

	def test_characters_that_nobody_sees_are_passed_over_inside(self):
		for unseen in ("\u200b", "\u00ad", "\u2060", "\u200d", "\ufe0f", "\ufeff"):
			self.all_arrive(self.texts, [unseen.join(textwrap.wrap(text, 17)) for _, text in self.texts], repr(unseen))

	def test_lines_that_were_broken_are_never_joined_in_a_message_but_where_one_is_pasted(self):
		long = [one for one in self.texts if len(one[1]) > 80]
		for between in ("\n", "\r\n", "\n> ", " ", "\n\t", "\u2028"):
			broken = [between.join(textwrap.wrap(text, 76)) for _, text in long]
			missing, refused = self.arrived(long, broken, repr(between))
			self.assertEqual((missing, refused), (len(long), len(long)), repr(between))
			self.assertLessEqual({one[0][0] for one in self.scan(broken, "paste")}, {"0", "-203"}, repr(between))

	def test_mail_carries_them(self):
		self.all_arrive(self.texts, [quoted_printable(text) for _, text in self.texts], "quoted-printable")

	def test_many_in_one_message_are_found_up_to_eight(self):
		short = [one for one in self.texts if one[0] in SHORT]
		for size in (2, 8, 12):
			groups = [short[i : i + size] for i in range(0, len(short) - size + 1, size)]
			for found, group in zip(self.scan([" and ".join(text for _, text in group) for group in groups]), groups):
				self.assertEqual([one[1:] for one in found], group[:8])

	def test_no_damage_makes_another_text_of_one(self):
		done = subprocess.run([CARRIER, "damage", str(COUNT)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.home())
		self.assertEqual(done.returncode, 0, done.stderr[-2000:])
		self.assertGreater(int(done.stdout.split()[0]), 1_000_000)


if __name__ == "__main__":
	unittest.main()
