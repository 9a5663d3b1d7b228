#!/usr/bin/python3
"""Prints the subcommands of a program as mdoc, from its own description of itself, so that page and program agree.

usage: commands.py PROGRAM
"""

import json
import subprocess
import sys

from mdoc_text import escaped


def paragraphs(text):
    for number, paragraph in enumerate(filter(None, (part.strip() for part in (text or "").split("\n\n")))):
        if number:
            print(".Pp")
        print(escaped(" ".join(paragraph.split())))


def flag(argument):
    """An option's name and value as mdoc arguments."""
    name = argument["preferredName"]
    dashes = "-" if name["kind"] == "long" else ""
    words = [f"Fl {escaped(dashes + name['name'])}"]
    if argument["kind"] == "option":
        words.append(f"Ar {escaped(argument['valueName'])}")
    return " ".join(words)


def shown(command):
    return [a for a in command.get("arguments", [])
            if a.get("shouldDisplay", True) and a.get("preferredName", {}).get("name") not in ("help", "h", "version")]


def synopsis(argument):
    if argument["kind"] == "positional":
        text = f"Ar {escaped(argument['valueName'])}" + (" ..." if argument.get("isRepeating") else "")
    else:
        text = flag(argument)
    return f".Op {text}" if argument.get("isOptional") or argument["kind"] == "flag" else f".{text}"


def describe(command, path):
    name = " ".join(path)
    print(f".Ss {escaped(name)}")
    print(f".Nm {path[0]}" if len(path) == 1 else f".Nm {path[0]} Cm {escaped(' '.join(path[1:]))}")
    for argument in shown(command):
        print(synopsis(argument))
    print(".Pp")
    paragraphs(command.get("abstract"))
    if command.get("discussion"):
        print(".Pp")
        paragraphs(command["discussion"])
    if shown(command):
        print(".Bl -tag -width Ds")
        for argument in shown(command):
            head = f"Ar {escaped(argument['valueName'])}" if argument["kind"] == "positional" else flag(argument)
            print(f".It {head}")
            paragraphs(argument.get("abstract") or "")
            if argument.get("defaultValue"):
                print(f"Default: {escaped(argument['defaultValue'])}.")
        print(".El")


def walk(command, path):
    children = [child for child in command.get("subcommands", []) if child["commandName"] != "help"]
    if not children:
        describe(command, path)
    for child in children:
        walk(child, path + [child["commandName"]])


def main():
    program = sys.argv[1]
    text = subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True, text=True).stdout
    command = json.loads(text)["command"]
    walk(command, [command["commandName"]])


main()
