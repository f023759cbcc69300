"""Draw the README's badges, files that need no network: python docs/badges/make.py."""

import re
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

#: Two boxes of text. Widths are estimated: 6.4 units a character, and a margin of 10.
SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" \
aria-label="{label}: {text}">
<title>{label}: {text}</title>
<rect width="{width}" height="20" rx="3" fill="#555"/>
<rect x="{left}" width="{right}" height="20" rx="3" fill="#0072B2"/>
<g fill="#fff" font-family="DejaVu Sans, Verdana, sans-serif" font-size="11">
<text x="5" y="14" textLength="{label_length}">{label}</text>
<text x="{start}" y="14" textLength="{text_length}">{text}</text>
</g>
</svg>
"""


def facts():
    """Return what the badges say, by name: label and text, from the files that decide it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pythons = [
        line.rsplit(" ", 1)[1]
        for line in project["classifiers"]
        if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", line)
    ]
    coverage = re.search(r"--fail-under (\d+)", (ROOT / ".ci" / "run").read_text("utf-8"))
    return {
        "licence": ("licence", project["license"]),
        "python": ("Python", ", ".join(pythons)),
        "coverage": ("coverage", f"at least {coverage.group(1)} %"),
    }


def draw(label, text):
    """Return a badge as SVG."""
    label_length, text_length = round(6.4 * len(label)), round(6.4 * len(text))
    left, right = label_length + 10, text_length + 10
    return SVG.format(
        label=label,
        text=text,
        label_length=label_length,
        text_length=text_length,
        left=left,
        right=right,
        start=left + 5,
        width=left + right,
    )


def main():
    """Write the files."""
    for name, fact in facts().items():
        (HERE / f"{name}.svg").write_text(draw(*fact), encoding="utf-8")


if __name__ == "__main__":
    main()
