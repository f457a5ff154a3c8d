"""Chromium without a window, driven over WebDriver (W3C) by Debian's chromium-driver: HTTP and JSON, nothing else."""
import json
import subprocess
import time
import urllib.error
import urllib.request

from unciad import free_port

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
	def __init__(self, profile, *arguments):
		port = free_port()
		self.log = open(profile.parent / "chromedriver.log", "wb")
		self.process = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=self.log, stderr=self.log)
		self.base, self.session = f"http://127.0.0.1:{port}", None
		self.until(lambda: self.ask("GET", "/status")["ready"], "chromedriver to be ready", (OSError,))
		options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
			*arguments]}
		self.session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options,
			"goog:loggingPrefs": {"browser": "ALL"}}}})["sessionId"]
		self.first = self.ask("GET", "/window")

	def ask(self, method, path, body=None):
		prefix = f"/session/{self.session}" if self.session else ""
		request = urllib.request.Request(self.base + prefix + path, method=method, headers={"Content-Type": "application/json"},
			data=None if method == "GET" else json.dumps(body or {}).encode())
		try:
			with urllib.request.urlopen(request, timeout=120) as answer:
				return json.load(answer)["value"]
		except urllib.error.HTTPError as error:
			raise AssertionError(error.read().decode()[:2000]) from None

	@staticmethod
	def until(condition, what, passing=(), seconds=90):
		deadline = time.monotonic() + seconds
		while time.monotonic() < deadline:
			try:
				value = condition()
				if value:
					return value
			except passing:
				pass
			time.sleep(0.05)
		raise AssertionError(f"waited {seconds} s for {what}")

	def open(self, url):
		"""A new window."""
		self.ask("POST", "/window", {"handle": self.first})  # the one that was used last may be closed
		handle = self.ask("POST", "/window/new", {"type": "window"})["handle"]
		window = Window(self, handle)
		window.ask("POST", "/url", {"url": url})
		return window

	def command(self, name, **parameters):
		"""One of Chromium's own (its DevTools Protocol), of the window that was used last."""
		return self.ask("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

	def console(self):
		return [entry for entry in self.ask("POST", "/se/log", {"type": "browser"}) if entry["level"] == "SEVERE"]

	def close(self):
		try:
			self.ask("DELETE", "")
		except (AssertionError, OSError):
			pass
		self.process.terminate()
		self.process.wait(30)
		self.log.close()


class Window:
	def __init__(self, browser, handle):
		self.browser, self.handle = browser, handle

	def ask(self, method, path, body=None):
		self.browser.ask("POST", "/window", {"handle": self.handle})
		return self.browser.ask(method, path, body)

	def run(self, script, *arguments):
		return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

	def element(self, selector):
		found = self.ask("POST", "/element", {"using": "css selector", "value": selector})
		return f"/element/{found[ELEMENT]}"

	def click(self, selector):
		self.ask("POST", self.element(selector) + "/click")

	def type(self, selector, text):
		self.ask("POST", self.element(selector) + "/value", {"text": text})

	def text(self, selector):
		return self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

	def until_text(self, selector, part):
		"""Waits until one of the elements has this in its text."""
		script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)"
		try:
			return self.browser.until(lambda: any(part in text for text in self.run(script, selector)), f"{part!r} in {selector}")
		except AssertionError as error:
			body = self.run("return document.body.innerText")
			raise AssertionError(f"{error}\n{body}\n{self.browser.console()}") from None

	def close(self):
		self.ask("DELETE", "/window")
