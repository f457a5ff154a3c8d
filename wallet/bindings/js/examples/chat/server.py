"""Serves the example: the page, the package, the network file, and what is said. In memory, for a demonstration: who may say
what in whose name is a chat's own business.

	server.py PACKAGE NETWORK_CONF PORT       then http://127.0.0.1:PORT/?name=alice, and ?name=bob in another window"""
import http.server
import json
import pathlib
import re
import sys
import threading
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".wasm": "application/wasm",
	".conf": "text/plain; charset=utf-8"}
WAIT_S, TEXT_MAX = 20, 4096


class Messages:
	def __init__(self):
		self.all, self.changed = [], threading.Condition()

	def add(self, sender, text):
		with self.changed:
			self.all.append({"number": len(self.all) + 1, "from": sender, "text": text})
			self.changed.notify_all()

	def after(self, number):
		with self.changed:
			self.changed.wait_for(lambda: len(self.all) > number, WAIT_S)
			return self.all[number:]


class Handler(http.server.BaseHTTPRequestHandler):
	protocol_version = "HTTP/1.1"

	def answer(self, code, data=b"", kind="text/plain"):
		self.send_response(code)
		self.send_header("Content-Type", kind)
		self.send_header("Content-Length", str(len(data)))
		self.send_header("Cache-Control", "no-store")
		self.send_header("X-Content-Type-Options", "nosniff")
		self.send_header("Content-Security-Policy", self.server.policy)
		self.end_headers()
		self.wfile.write(data)

	def do_GET(self):
		url = urllib.parse.urlsplit(self.path)
		if url.path == "/messages":
			after = urllib.parse.parse_qs(url.query).get("after", ["0"])[0]
			if not after.isdigit():
				return self.answer(400)
			return self.answer(200, json.dumps(self.server.messages.after(int(after))).encode(), "application/json")
		path = self.server.files.get(url.path)
		if not path:
			return self.answer(404)
		return self.answer(200, path.read_bytes(), TYPES[path.suffix])

	def do_POST(self):
		size = self.headers.get("Content-Length", "")
		# Of this page alone: a form of another one cannot send JSON.
		if self.path != "/messages" or not size.isdigit() or int(size) > 2 * TEXT_MAX or \
				self.headers.get("Content-Type") != "application/json":
			self.close_connection = True
			return self.answer(400)
		try:
			message = json.loads(self.rfile.read(int(size)))
			sender, text = message["from"], message["text"]
		except (ValueError, TypeError, KeyError):
			return self.answer(400)
		if not isinstance(sender, str) or not isinstance(text, str) or not 0 < len(sender) <= 40 or len(text) > TEXT_MAX:
			return self.answer(400)
		self.server.messages.add(sender, text)
		return self.answer(200)

	def log_message(self, *_):
		pass


class Server(http.server.ThreadingHTTPServer):
	daemon_threads = True

	def handle_error(self, *_):
		"""A page that was closed is no error."""
		if not isinstance(sys.exc_info()[1], ConnectionError):
			super().handle_error(*_)


def make(package, network, port):
	package, network = pathlib.Path(package), pathlib.Path(network)
	server = Server(("127.0.0.1", port), Handler)
	server.messages = Messages()
	server.files = {"/": HERE / "index.html", **{f"/{name}": HERE / name for name in ("chat.js", "chat.css")},
		**{f"/uncia/{path.name}": path for path in package.iterdir() if path.suffix in (".js", ".wasm")}, "/network.conf": network}
	# Of each validator's URL what a policy needs, and nothing that would end its part of the policy.
	urls = re.findall(r"^\s*#:\s*websocket\s*=\s*(wss?://[\w.:\[\]-]+)", network.read_text(), re.M)
	server.policy = f"default-src 'none'; style-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; " \
		f"connect-src 'self' {' '.join(urls)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return server


if __name__ == "__main__":
	if len(sys.argv) != 4:
		sys.exit(__doc__)
	make(sys.argv[1], sys.argv[2], int(sys.argv[3])).serve_forever()
