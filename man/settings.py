#!/usr/bin/python3
"""Prints the settings of the annotated configuration as mdoc, so that page and file agree.

usage: settings.py CONFIGURATION
"""

import re
import sys

from mdoc_text import escaped

KEY = re.compile(r"^(\s*)(#?)(- )?([a-z_]+):(?: (.*))?$")


def settings(lines):
    """Yields (depth, key, value, is_commented, text) for each setting, and (None, None, None, None, text) for prose."""
    text = []
    for line in lines:
        line = line.rstrip()
        match = KEY.match(line)
        if match:
            indent, commented, dash, key, value = match.groups()
            yield len(indent) + len(dash or ""), key, value or "", bool(commented), " ".join(text)
            text = []
        elif line.strip().startswith("# "):
            text.append(line.strip()[2:])
        elif not line.strip() or line.strip() == "#":
            if text:
                yield None, None, None, None, " ".join(text)
            text = []


def main():
    stack = []
    examples = []
    started = False
    for depth, key, value, commented, text in settings(open(sys.argv[1], encoding="utf-8")):
        if depth is None:
            continue
        while stack and stack[-1][0] >= depth:
            stack.pop()
        path = ".".join([name for _, name in stack] + [key])
        stack.append((depth, key))
        path = path.replace("targets.main", "targets.NAME")
        # What belongs to an example is one, too.
        examples = [outer for outer in examples if path.startswith(outer + ".")]
        if "Example" in text or re.search("by default there (are|is) none", text):
            examples.append(path)
        if not started:
            print(".Bl -tag -width Ds")
            started = True
        print(f".It Va {escaped(path)}")
        if path == "targets.NAME":
            text = "A target, by its name."
        if text:
            print(escaped(text))
        if value:
            kind = "As shipped" if not commented else "Example" if examples else "Default"
            print(f"{kind}: {escaped(value)}")
    print(".El")


main()
