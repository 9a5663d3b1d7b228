"""Text for mdoc pages."""

import re


def escaped(text):
    """Text that no formatter takes for a request or a hyphenation point, one sentence a line."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("\u2026", "...")
    lines = re.sub(r"([.!?][)\"]?) (?=[A-Z\"])", r"\1\n", text).split("\n")
    return "\n".join("\\&" + line if line.startswith((".", "\\(aq")) else line for line in lines)
