"""The data folder: one supervisor a folder, and whatever an earlier one left is ended first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.errors import SetupError
from server.supervisor.folder import DataFolder


def test_a_second_supervisor_is_refused_in_one_line(tmp_path: Path) -> None:
    """The line names the folder, the holder and the way out; after the first has closed, the folder is free."""
    first, second = DataFolder(tmp_path / "data"), DataFolder(tmp_path / "data")
    first.open()
    with pytest.raises(SetupError, match=rf"data is in use by process {os.getpid()}; stop it, or .* --data") as caught:
        second.open()
    assert caught.value.status == 69
    assert "\n" not in str(caught.value)
    first.close()
    second.open()
    second.close()


def test_a_supervisor_that_was_killed_leaves_no_lock(tmp_path: Path) -> None:
    """The lock is the kernel's: it goes with the process, the file may stay."""
    code = (
        "import sys, time; from pathlib import Path; from server.supervisor.folder import DataFolder;"
        "DataFolder(Path(sys.argv[1])).open(); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline()
        with pytest.raises(SetupError):
            DataFolder(tmp_path).open()
        holder.kill()
    folder = DataFolder(tmp_path)
    folder.open()
    folder.close()


def test_a_file_in_the_folders_place_is_said(tmp_path: Path) -> None:
    """What cannot be a data folder is one line with exit status 69."""
    (tmp_path / "data").write_text("")
    for path in (tmp_path / "data", tmp_path / "data" / "below"):
        with pytest.raises(SetupError, match="is not a folder; give another --data") as caught:
            DataFolder(path).open()
        assert caught.value.status == 69


def test_a_folder_that_cannot_be_written_is_said() -> None:
    """A folder on a file system that takes no writing is refused with what to do."""
    with pytest.raises(SetupError, match=r"cannot be (written|used).*--data"):
        DataFolder(Path("/proc/nerkh")).open()


def test_children_of_a_killed_supervisor_are_ended_before_the_next_start(tmp_path: Path) -> None:
    """What was written down as ours and still runs is gone when `end_earlier` returns."""
    folder = DataFolder(tmp_path)
    folder.open()
    with subprocess.Popen(["sleep", "60"]) as left, subprocess.Popen(["sleep", "60"]) as stranger:
        folder.remember("service", left.pid)
        record = json.loads((tmp_path / "children.json").read_text())
        record["children"]["envoy"] = [stranger.pid, 1]  # the id of a child that is long gone, used again
        (tmp_path / "children.json").write_text(json.dumps(record))
        DataFolder(tmp_path).end_earlier()
        assert left.wait(5) == -9
        assert stranger.poll() is None
        stranger.kill()
    folder.close()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"boot": "other", "children": {"service": [1, 2]}}', "\0"])
def test_a_broken_record_is_no_obstacle(tmp_path: Path, text: str) -> None:
    """A record cut off by a crash, or of an earlier boot, is passed over."""
    (tmp_path / "children.json").write_text(text)
    DataFolder(tmp_path).end_earlier()
