"""What the search of the built documentation finds: the scores of Sphinx's searchtools.js.

Titles, index entries, names of objects and words of the text, each with its score; results are in
the order in which the page shows them.
"""

import json
import re
from collections import defaultdict

#: Sphinx's default scores.
TITLE, PARTIAL_TITLE, TERM, PARTIAL_TERM = 15, 7, 5, 2
OBJECT_NAME, OBJECT_PART = 11, 6
OBJECT_PRIORITY = {0: 15, 1: 5, 2: -5}


def load_index(path):
    """Return the index that a build wrote, `searchindex.js`."""
    text = path.read_text(encoding="utf-8")
    return json.loads(text[text.index("(") + 1 : text.rindex(")")])


class SearchIndex:
    """A search index with Sphinx's rules."""

    def __init__(self, index, stem, stopwords):
        self.index, self.stem, self.stopwords = index, stem, stopwords

    def find(self, query):
        """Return title, page and anchor of what is found, best first; ties by their titles."""
        lists = [self.results(query), self.index_entries(query, main=False)]
        ordered = [sorted(found, key=lambda one: (-one[0], one[1].lower())) for found in lists]
        return list(dict.fromkeys(result[1:] for found in ordered for result in found))

    def results(self, query):
        """Yield score, title, page and anchor of all but minor index entries."""
        yield from self.titles(query)
        yield from self.index_entries(query, main=True)
        yield from self.objects(query)
        yield from self.words(query)

    def result(self, score, file, anchor="", title=None):
        """Return a result in a page."""
        return score, title or self.index["titles"][file], self.index["docnames"][file], anchor

    def titles(self, query):
        """Yield the headings that contain the query, which must be at least half of them."""
        query = query.lower().strip()
        titles = self.index["titles"]
        for title, places in self.index["alltitles"].items():
            if query in title.lower() and len(query) >= len(title) / 2:
                for file, anchor in places:
                    is_page = titles[file] == title
                    score = int(TITLE * len(query) / len(title) + 0.5) + is_page
                    shown = title if is_page else f"{titles[file]} > {title}"
                    yield self.result(score, file, anchor or "", shown)

    def index_entries(self, query, main):
        """Yield the index entries that contain the query; minor ones come after all else."""
        query = query.lower().strip()
        for entry, places in self.index["indexentries"].items():
            if query in entry and len(query) >= len(entry) / 2:
                for file, anchor, is_main in places:
                    if bool(is_main) == main:
                        yield self.result(int(100 * len(query) / len(entry) + 0.5), file, anchor)

    def objects(self, query):
        """Yield the classes, functions and methods whose names contain a word of the query."""
        words = set(split(query.lower()))
        for prefix, members in self.index["objects"].items():
            for file, kind, priority, _, name in members:
                full = f"{prefix}.{name}" if prefix else name
                label = self.index["objnames"][str(kind)][2]
                text = f"{prefix} {name} {label} {self.index['titles'][file]}".lower()
                for word in words:
                    if word in full.lower() and all(other in text for other in words - {word}):
                        score = name_score(full.lower(), word) + OBJECT_PRIORITY.get(priority, 0)
                        yield self.result(score, file, full, full)

    def words(self, query):
        """Yield the pages that have all words of the query in their text or headings."""
        words = {
            self.stem(word.lower())
            for word in split(query)
            if word.lower() not in self.stopwords and not word.isdigit()
        }
        scores = defaultdict(dict)
        for word in words:
            for file, score in self.pages_of(word):
                scores[file][word] = score
        long = sum(len(word) > 2 for word in words)
        for file, by_word in scores.items():
            if len(by_word) in (len(words), long):
                yield self.result(max(by_word.values()), file)

    def pages_of(self, word):
        """Yield the pages with a word in their text, then those with it in a heading."""
        kinds = (("terms", TERM, PARTIAL_TERM), ("titleterms", TITLE, PARTIAL_TITLE))
        for kind, score, _ in kinds:
            for file in as_list(self.index[kind].get(word, [])):
                yield file, score
        for kind, _, score in kinds:
            if len(word) > 2 and word not in self.index[kind]:
                for other, files in self.index[kind].items():
                    if word in other:
                        for file in as_list(files):
                            yield file, score


def split(query):
    """Return the words of a query."""
    return [word for word in re.split(r"[^\w]+", query) if word]


def as_list(files):
    """Return pages as a list; a single one is a number in the index."""
    return files if isinstance(files, list) else [files]


def name_score(full, word):
    """Return the score of a name: the word is all of it, or a part of its last part."""
    last = full.rsplit(".", 1)[-1]
    if word in (full, last):
        return OBJECT_NAME
    return OBJECT_PART if word in last else 0
