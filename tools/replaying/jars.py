"""Kafka's jars from Maven Central, by Maven itself, and our Java clients compiled against them."""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).parent
SOURCES = ("ReplayProducer.java", "ReplayAdmin.java")

POM = """<project><modelVersion>4.0.0</modelVersion>
<groupId>acklab</groupId><artifactId>kafka-jars</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
<version>{release}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId>
<version>1.7.36</version></dependency></dependencies></project>
"""
# Kafka reaches into java.base; the brokers are many and small, so a simple collector and compiler.
JAVA_OPTIONS = [
    "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
    "--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED", "--add-opens=java.base/java.util=ALL-UNNAMED",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS"]


class JarsError(Exception):
    """The jars cannot be had. The text is one line."""


def cache_folder() -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return pathlib.Path(base).expanduser() / "acklab"


def fetched(home: pathlib.Path, release: str) -> bool:
    return any((home / release / "libs").glob("kafka-clients-*.jar"))


def fetch(home: pathlib.Path, release: str) -> pathlib.Path:
    """The folder of a release's jars; Maven fills it the first time."""
    libs = home / release / "libs"
    if fetched(home, release):
        return libs
    libs.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=libs.parent, prefix="part-") as part:
        pathlib.Path(part, "pom.xml").write_text(POM.format(release=release))
        done = subprocess.run(
            ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=libs",
             "-DincludeScope=runtime"], cwd=part, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            errors = re.findall(r"^\[ERROR\] (.+)$", done.stdout + done.stderr, re.M)
            raise JarsError(f"mvn could not fetch Kafka {release}: "
                            f"{errors[0] if errors else f'exit {done.returncode}'}")
        found = pathlib.Path(part, "libs")
        if not fetched(home, release):           # another lab may have been faster
            shutil.rmtree(libs, ignore_errors=True)
            found.replace(libs)
    return libs


def compiled(libs: pathlib.Path, cache: pathlib.Path, release: str) -> pathlib.Path:
    """The folder of our clients' classes, compiled once for each release and text."""
    texts = b"".join((HERE / name).read_bytes() for name in SOURCES)
    classes = cache / "classes" / f"{release}-{hashlib.sha256(texts).hexdigest()[:12]}"
    if classes.is_dir():
        return classes
    classes.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=classes.parent, prefix="part-") as part:
        target = pathlib.Path(part, "classes")
        done = subprocess.run(
            ["javac", "-nowarn", "-cp", f"{libs}/*", "-d", str(target),
             *(str(HERE / name) for name in SOURCES)],
            text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise JarsError(f"javac: {(done.stderr.strip().splitlines() or ['failed'])[0]}")
        if not classes.is_dir():
            target.rename(classes)
    return classes


class Java:
    """Command lines of one release."""

    def __init__(self, libs: pathlib.Path, classes: pathlib.Path) -> None:
        self.classpath = f"{classes}:{libs}/*"

    def command(self, main: str, arguments: list[str], heap_mb: int,
                log_level: str = "info") -> list[str]:
        return ["java", f"-Xmx{heap_mb}m", *JAVA_OPTIONS,
                f"-Dorg.slf4j.simpleLogger.defaultLogLevel={log_level}",
                "-cp", self.classpath, main, *arguments]


def java_of(home: pathlib.Path, cache: pathlib.Path, release: str) -> Java:
    libs = fetch(home, release)
    return Java(libs, compiled(libs, cache, release))
