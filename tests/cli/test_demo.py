"""`tonnage demo` from outside: what it prints, refuses, and how it ends."""

import http.client
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tonnage.cli.demo import demo

SERVE = [sys.executable, "-c", "from tonnage.cli.demo import demo; demo()", "serve", "--port", "0"]


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_and_serves_until_it_is_told_to_stop(name):
    with subprocess.Popen([*SERVE, "--errors", "1"], stdout=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().strip()
        try:
            connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=5)
            connection.request("GET", "/")
            assert connection.getresponse().status == 500
            connection.close()
        finally:
            process.send_signal(name)
        assert process.wait(timeout=5) == 0
        assert process.stdout.read() == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--errors", "2"], "errors: 2.0 is outside 0 to 1"),
        (["--service-time", "20"], "has no unit"),
        (["--stall", "5s"], "write it as 5s-8s"),
        (["--stall", "8s-5s"], "must end after it begins"),
        (["--distribution", "normal"], "'normal' is not one of"),
    ],
)
def test_what_it_cannot_be_it_says(options, message):
    result = CliRunner().invoke(demo, ["serve", *options])
    assert result.exit_code == 2
    assert message in result.output


def test_an_address_in_use_is_named():
    result = CliRunner().invoke(demo, ["serve", "--host", "192.0.2.1"])
    assert result.exit_code == 1
    assert "192.0.2.1:8080" in result.output
