"""How the built documentation fits a screen: python -m tests.docs_layout [--width 700].

Opens every page in headless Chromium, in a frame of this width, and reports what is wrong:

- a block of code that is wider than its column (scrollWidth > clientWidth);
- a page that must be scrolled sideways;
- a header of more than one line;
- an empty sidebar beside the text;
- an image that is missing, or a script, style or image from another host.

It needs a program `chromium`, `chromium-browser` or `google-chrome`, such as Debian's package
chromium, and ends with 1 if anything is wrong. The pages are served on the loopback interface.
"""

import argparse
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BUILT = Path(__file__).parent.parent / "docs" / "_build" / "html"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

#: Highest header of one line, in pixels.
HEADER_HEIGHT = 85

#: The page that opens all others, one after the other, and writes what it finds.
DRIVER = """<!doctype html><title>layout</title>
<iframe id="frame" style="width: %(width)dpx; height: 1000px; border: 0"></iframe>
<pre id="report">unfinished</pre>
<script>
const pages = %(pages)s;
const frame = document.getElementById("frame");
function visible(element) {
  return element && element.getClientRects().length > 0;
}
function problems(page) {
  const found = [], doc = frame.contentDocument, root = doc.documentElement;
  for (const pre of doc.querySelectorAll("pre"))
    if (visible(pre) && pre.scrollWidth > pre.clientWidth)
      found.push("clipped code: " + pre.innerText.slice(0, 60));
  if (root.scrollWidth > root.clientWidth)
    found.push("wider than the screen: " + root.scrollWidth);
  const header = doc.querySelector("header.bd-header");
  if (visible(header) && header.offsetHeight > %(height)d)
    found.push("a header of several lines: " + header.offsetHeight);
  for (const name of [".bd-sidebar-primary", ".bd-sidebar-secondary"]) {
    const bar = doc.querySelector(name);
    if (visible(bar) && ![...bar.querySelectorAll("a")].some(visible))
      found.push("an empty sidebar: " + name);
  }
  for (const image of doc.images)
    if (image.complete && image.naturalWidth === 0)
      found.push("an image that is missing: " + image.getAttribute("src"));
  for (const one of doc.querySelectorAll("script[src], link[rel=stylesheet], img[src]")) {
    const url = new URL(one.src || one.href);
    if (url.protocol !== "data:" && url.host !== location.host)
      found.push("from another host: " + url);
  }
  return found.map(text => [page, text]);
}
async function run() {
  const report = [];
  for (const page of pages) {
    await new Promise(done => { frame.onload = done; frame.src = page; });
    report.push(...problems(page));
  }
  document.getElementById("report").textContent = "layout:" + JSON.stringify(report);
}
run();
</script>
"""


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that prints nothing."""

    def log_message(self, *args):
        """Print nothing."""


def measure(program, folder, width):
    """Return the problems of all pages: page and text."""
    pages = sorted(str(page.relative_to(folder)) for page in folder.rglob("*.html"))
    pages = [page for page in pages if not page.startswith("_static")]
    driver = folder / "layout-driver.html"
    values = {"width": width, "pages": json.dumps(pages), "height": HEADER_HEIGHT}
    driver.write_text(DRIVER % values, encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        shown = open_page(program, f"http://127.0.0.1:{server.server_port}/{driver.name}", width)
    finally:
        server.shutdown()
        driver.unlink()
    report = re.search(r'<pre id="report">layout:(.*?)</pre>', shown, re.DOTALL)
    if report is None:
        raise RuntimeError("The pages were not measured to their end; is the machine very busy?")
    return json.loads(html.unescape(report.group(1)))


def open_page(program, url, width):
    """Return a page as Chromium has it when its scripts have run."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            program,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={profile}",
            f"--window-size={width + 100},1200",
            "--virtual-time-budget=600000",
            "--dump-dom",
            url,
        ]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main():
    """Print the problems, and how many there are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=700, help="of the screen, in pixels")
    parser.add_argument("--docs", type=Path, default=BUILT, help="folder of the built pages")
    arguments = parser.parse_args()
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        sys.exit("Install Chromium (Debian: apt-get install chromium).")
    found = measure(program, arguments.docs, arguments.width)
    for page, text in found:
        print(f"{page}: {text}")
    print(f"{len(found)} problems at a width of {arguments.width} pixels")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
