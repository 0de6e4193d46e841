"""A Debian 12 with apt and nothing else, to try packages in: made once a week, unpacked for each use."""
from __future__ import annotations

import os
import pathlib
import subprocess
import tempfile
import time

LIMIT_S = 300
WEEK_S = 7 * 24 * 3600
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "sage-host"
AS_ROOT = [] if os.geteuid() == 0 else ["sudo"]
# Left by apt and dpkg themselves, whatever was installed and removed again.
TRACES = ("var/lib/apt", "var/lib/dpkg", "var/cache", "var/log", "etc/ld.so.cache", "tmp", "proc", "dev")


def archive() -> pathlib.Path:
    file = CACHE / "debian-12.tar"
    if not file.exists() or time.time() - file.stat().st_mtime > WEEK_S:
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            made = pathlib.Path(scratch) / "root.tar"
            subprocess.run([*AS_ROOT, "mmdebstrap", "--quiet", "--variant=apt", "--skip=cleanup/apt/lists", "bookworm", made],
                           timeout=2 * LIMIT_S, check=True)
            os.replace(made, file)
    return file


class CleanRoot:
    def __init__(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sage-root-"))
        subprocess.run([*AS_ROOT, "tar", "-C", self.folder, "-xf", archive()], timeout=LIMIT_S, check=True)
        self.bring(pathlib.Path("/etc/resolv.conf"), "etc")

    def remove(self) -> None:
        subprocess.run([*AS_ROOT, "rm", "-rf", "--one-file-system", self.folder], timeout=LIMIT_S, check=True)

    def bring(self, source: pathlib.Path, target: str) -> None:
        """Copies a file or folder into the folder `target` of the root."""
        subprocess.run([*AS_ROOT, "cp", "-rL", "--no-preserve=ownership", source, self.folder / target], timeout=LIMIT_S, check=True)

    def run(self, *words: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """In processes and mounts of its own, which end with it."""
        entered = [*AS_ROOT, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", f"--root={self.folder}", "--wd=/tmp",
                   "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/tmp", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]
        done = subprocess.run([*entered, *words], text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=LIMIT_S, check=False)
        if code is not None and done.returncode != code:
            raise AssertionError(f"{words}: exit status {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def install(self, *packages: pathlib.Path | str) -> None:
        """Packages, from files or from Debian, and what they depend on, no more."""
        files = [package for package in packages if isinstance(package, pathlib.Path)]
        for file in files:
            self.bring(file, "tmp")
        names = [f"/tmp/{package.name}" if isinstance(package, pathlib.Path) else package for package in packages]
        self.run("apt-get", "update", "-q")
        self.run("apt-get", "install", "-qy", "--no-install-recommends", *names)

    def listing(self) -> set[str]:
        found = set()
        for folder, folders, files in os.walk(self.folder):
            names = {os.path.relpath(os.path.join(folder, name), self.folder): name for name in (*folders, *files)}
            found |= {path for path in names if not path.startswith(TRACES)}
        return found
