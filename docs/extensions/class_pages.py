"""Pages of the reference: the example first, then methods in a table, and parameters in groups.

Fitted attributes are entries of the index, which the search finds before words of the text.
"""

from docutils import nodes
from sphinx import addnodes

from extensions.parameter_groups import GROUPS

#: What ends a section of a docstring.
ENDS = (nodes.rubric, nodes.field_list, addnodes.index, addnodes.desc, addnodes.seealso)


def arrange(app, domain, objtype, content):
    """Arrange the description of a class or function; methods stay as they are."""
    if objtype in ("class", "function"):
        move_up(content, cut_section(content, "Examples"))
    if objtype == "class":
        group_parameters(content)
        index_attributes(content)


def cut_section(content, title):
    """Take a section out of a docstring: its rubric and what follows, up to the next section."""
    for start, node in enumerate(content):
        if isinstance(node, nodes.rubric) and node.astext() == title:
            end = start + 1
            while end < len(content) and not isinstance(content[end], ENDS):
                end += 1
            section = content[start:end]
            del content[start:end]
            return section
    return []


def move_up(content, section):
    """Insert nodes below the first paragraphs of a docstring."""
    first = next((i for i, node in enumerate(content) if isinstance(node, ENDS)), len(content))
    content[first:first] = section


def group_parameters(content):
    """Split the list of parameters of an estimator."""
    fields = (field for fields in content.findall(nodes.field_list) for field in fields)
    for field in fields:
        name, body = field
        if name.astext() == "Parameters" and isinstance(body[0], nodes.definition_list):
            items = {parameter_name(item): item for item in body[0]}
            if "hidden_layer_sizes" in items:  # an estimator
                body.children = []
                body += [node for group in grouped(items) for node in group]


def index_attributes(content):
    """Add an entry for each fitted attribute of a class of the package itself.

    Those of its modules, such as the Dask estimators, repeat them.
    """
    owner = content.parent[0]["ids"][0]
    if owner.count(".") > 1:
        return
    fields = (field for fields in content.findall(nodes.field_list) for field in fields)
    items = [item for name, body in fields if name.astext() == "Attributes" for item in body[0]]
    for item in items:
        if (name := parameter_name(item)).endswith("_"):
            item[0]["ids"].append(f"{owner}-{name}")
            entry = ("single", name, f"{owner}-{name}", "main", None)
            item[0].insert(0, addnodes.index(entries=[entry]))


def parameter_name(item):
    """Return the name of a parameter or attribute from its item, whose term is "name : type"."""
    return item[0].astext().split(":")[0].split()[0]


def grouped(items):
    """Yield the title and the list of each group; a parameter without a group is an error."""
    items = dict(items)
    for title, names in GROUPS.items():
        members = [items.pop(name) for name in names if name in items]
        if members:
            heading = nodes.paragraph(classes=["parameter-group"])
            heading += nodes.strong(title, title)
            yield heading, nodes.definition_list("", *members)
    if items:
        raise ValueError(f"docs/extensions/parameter_groups.py has no group for {sorted(items)}")


def move_methods(app, doctree):
    """Move the table of methods, which the template writes first, into the class."""
    tables = [node for node in doctree.findall(nodes.container) if "methods" in node["classes"]]
    for table in tables:
        content = next(doctree.findall(addnodes.desc_content))
        table.parent.remove(table)
        first = next(
            (i for i, node in enumerate(content) if isinstance(node, nodes.field_list)), None
        )
        content.insert(len(content) if first is None else first, table)


def setup(app):
    """Connect both."""
    app.connect("object-description-transform", arrange)
    app.connect("doctree-read", move_methods)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
