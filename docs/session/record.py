"""Runs commands in a terminal of its own and draws what stood on the screen at the end, as SVG.

    record.py OUTPUT.svg < commands

Each line of the input is a command for the shell; one that begins with `#` is shown and not run. Commands run one
after the other as they would for somebody who sits there: with a terminal, colours and progress. Variables of the
environment are shown by their values. A command that fails
ends the recording with its status, since a picture of a failure helps nobody.
"""

import os
import pty
import re
import select
import struct
import sys
import termios
from fcntl import ioctl
from itertools import groupby

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

COLUMNS = 124
ROWS = 400


def main(output: str) -> int:
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    for command in filter(None, map(str.strip, sys.stdin)):
        command = os.path.expandvars(command)
        show(stream, command)
        status = 0 if command.startswith("#") else run(stream, command)
        if status != 0:
            print("\n".join(line.rstrip() for line in screen.display if line.strip()), file=sys.stderr)
            print(f"`{command}` ended with {status}; nothing was drawn", file=sys.stderr)
            return 1
        stream.feed(b"\r\n")
    draw(screen, output)
    return 0


def show(stream: pyte.ByteStream, command: str) -> None:
    """Writes the command as if it was typed."""
    if command.startswith("#"):
        stream.feed(f"\x1b[90m{command}\x1b[0m".encode())
    else:
        stream.feed(f"\x1b[32m$\x1b[0m \x1b[1m{command}\x1b[0m\r\n".encode())


def run(stream: pyte.ByteStream, command: str) -> int:
    """Runs the command in a terminal and feeds the screen what it writes; returns its exit status."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS=str(COLUMNS))
        for name in ("CI", "NO_COLOR"):
            os.environ.pop(name, None)
        os.execvp("bash", ["bash", "-euo", "pipefail", "-c", command])
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    while written := read(terminal):
        stream.feed(written)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def read(terminal: int) -> bytes:
    """Returns what comes next, or nothing at the end: Linux tells that as an error."""
    select.select([terminal], [], [])
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def draw(screen: pyte.Screen, output: str) -> None:
    lines = [line(screen, row) for row in range(ROWS)]
    while lines and not lines[-1].plain.strip():
        lines.pop()
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)
    for each in lines:
        console.print(each, no_wrap=True, crop=True, highlight=False)
    svg = console.export_svg(title="wfctl", unique_id="session")
    # Fonts from elsewhere would make the picture ask somebody else's server.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    with open(output, "w", encoding="utf-8") as file:
        file.write(svg)


def line(screen: pyte.Screen, row: int) -> Text:
    text = Text()
    cells = (screen.buffer[row][column] for column in range(COLUMNS))
    for look, run in groupby(cells, style):
        text.append("".join(cell.data for cell in run), look)
    text.rstrip()
    return text


def style(cell: pyte.screens.Char) -> Style:
    return Style(color=color(cell.fg), bgcolor=color(cell.bg), bold=cell.bold, italic=cell.italics,
                 underline=cell.underscore, reverse=cell.reverse)


def color(name: str) -> str | None:
    """Translates pyte's names of colours into rich's."""
    if name == "default":
        return None
    if re.fullmatch(r"[0-9a-f]{6}", name):
        return f"#{name}"
    if name.startswith("bright"):
        return f"bright_{name.removeprefix('bright').replace('brown', 'yellow')}"
    return name.replace("brown", "yellow")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
