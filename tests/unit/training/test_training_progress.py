"""Progress on stderr: a countdown on a terminal, one line a step elsewhere."""

from __future__ import annotations

from io import StringIO

from training.progress import Progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_the_time_left() -> None:
    screen = Terminal()
    progress = Progress(screen, clock=iter(float(index) for index in range(1000)).__next__)
    assert list(progress.each("reading", "abcd", 4)) == ["a", "b", "c", "d"]
    assert "reading: 2 of 4, about 3 s left" in screen.getvalue() and screen.getvalue().endswith("\n")


def test_a_log_gets_one_line_a_step() -> None:
    log = StringIO()
    progress = Progress(log, clock=iter(float(index) for index in range(1000)).__next__)
    list(progress.each("reading", range(3), 3))
    assert log.getvalue() == "reading: 3 in 4.0 s\n"
